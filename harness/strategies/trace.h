// SPDX-License-Identifier: Apache-2.0
//
// A run as a partial order: its steps, and for each which earlier ones happen before it
// (dependency.h), kept as vector clocks. A strategy writes it while the run goes on; when the next
// run begins with the same steps, these are kept.
//
// Threads are numbered by who they are (the n-th child of that parent), not by when they were
// created: in two runs that create them in different order they are the same.
//
// Thread safety: engine context. Lives in shared memory (shared_heap.h).
// Invariants:
//   I1. Of a step that has ended, footprint and clock are those of the whole step; but one that was
//       silent and touched nothing has its clock only when a later one builds on it (`settle`).
//   I2. `identity` is the same for two runs if and only if (but for collisions of 64 bits) their
//       Mazurkiewicz traces are.
// Cost: a step kept costs nothing; a new one a few ns per thread and per object it touches.
#pragma once

#include <cstdint>
#include <span>

#include "engine/engine.h"
#include "engine/shared_heap.h"
#include "strategies/dependency.h"

namespace chicane::strategies {

inline constexpr std::uint32_t kNone = ~std::uint32_t{0};

/// An outcome that was chosen within a step, of so many.
struct StepOutcome {
  std::uint32_t chosen, count;
};

/// One step of the run.
struct TraceStep {
  Tid tid = 0;
  std::uint32_t number = 0;        // among its thread's, from 1
  std::uint32_t previous = kNone;  // its thread's step before
  std::uint32_t pick = 0;          // index among the enabled
  engine::ThreadId engine_id = 0;
  engine::OpKind kind = engine::OpKind::kYield;
  bool blocking = false;  // it can be disabled
  bool by_timeout = false;
  bool failed = false;              // a try without success
  bool told = false;                // it had an event
  bool ended = false;               // I1
  bool lock = false;                // a lock or read-lock that can block
  bool counted = false;             // a wait for whom a number lets through (is_counted)
  bool silent = false;              // it touches nothing, and came as soon as it could
  bool settled = false;             // it has its clock
  std::uint32_t place = 0;          // of one that was not silent when it began: in Trace::loud
  std::uint32_t joins = kNone;      // the thread that it waits for
  std::uint32_t first_entry = 0;    // in the entries, up to the next step's
  std::uint32_t first_outcome = 0;  // in the outcomes, up to the next step's
  std::uint32_t threads = 0;        // known before it
  std::uint32_t own_accesses = 0;   // of the footprint, the first ones: the operation's
  std::uint32_t rounds = 0;         // so often its thread has now gone round in vain
  bool again = false;               // it found what its thread had found at its place before
  std::uint32_t turn = kNone;       // the step at its place from which on its thread went round
  bool same = false;                // it wrote to its stack as the step at its place before did
  std::uint64_t change = 0;         // of plain memory, but its stack: what was, and what is now
  std::uint64_t stack = 0;          // what it wrote to its thread's stack; 0: nothing
  std::uint64_t next_place = 0;     // where its thread may then poll (Trace::place_of)
  std::uint64_t value = 0;          // that its event told
  Footprint footprint;
};

/// A step's access, in the chain of all accesses to its object.
struct TraceEntry {
  std::uint32_t object;  // number
  Mode mode;
  std::uint32_t step;
  std::uint32_t before;   // the object's entry before, or kNone
  std::uint32_t changed;  // the last of those before that is no read, or kNone
};

/// A thread that never made its next step before the run ended.
struct Waiting {
  Tid tid;
  std::uint32_t previous;  // its last step
  engine::OpKind kind;
  bool enabled;
  bool lock, counted;
  std::uint32_t own_accesses;  // of the footprint, the first ones: the operation's
  Footprint footprint;
};

class Trace {
 public:
  // ---- while a run goes on ----

  /// Keeps the first `steps` steps; a run that begins with them follows.
  void truncate(std::uint32_t steps);
  /// The number of `thread`.
  Tid tid_of(engine::ThreadId thread) const { return tids_[thread]; }
  /// The number of this trace's thread `tid` in another, which may have seen threads in another
  /// order; kNone: it has not seen that one.
  Tid number_in(const Trace& other, Tid tid) const;
  /// Between two steps: makes the threads known that the last step created, and ends it. False when
  /// the choice is not the engine's: nothing can be said of such threads.
  bool look(const engine::ThreadChoice& choice);
  /// Looks, and begins the first silent step if there is one: the index of its thread. Else
  /// kNobody, or kForeign where look() says false.
  int go_on_silently(const engine::ThreadChoice& choice);
  static constexpr int kNobody = -1, kForeign = -2;
  /// Begins a step: `choice.enabled[pick]` goes on.
  void begin_step(const engine::ThreadChoice& choice, unsigned pick, bool silent = false);
  void add_outcome(const StepOutcome& outcome) { outcomes_.push_back(outcome); }
  void on_event(const engine::Event& event);
  /// In all of the run, also in steps that are kept.
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size);
  /// `notes_writes`: of memory; all steps that were kept have been made so.
  void begin_run(bool notes_writes = false) {
    names_.begin_run();
    notes_writes_ = notes_writes;
    misses_writes_ = misses_writes_ && !notes_writes;
  }
  /// All steps have their clocks from here on (I1).
  void settle();
  const ObjectNames& names() const { return names_; }
  /// From here on steps that were silent are as all others.
  void heed_silent();
  /// After the run: ends the last step, and sees who still waits.
  void end_run(const engine::Engine& engine);
  /// The same for a run whose process has died: whoever was enabled waits for anything.
  void end_dead_run();

  // ---- looking back ----

  std::uint32_t size() const { return size_; }
  TraceStep& step(std::uint32_t i) { return steps_[i]; }
  const TraceStep& step(std::uint32_t i) const { return steps_[i]; }
  /// Those that were not silent when they began, in order.
  std::span<const std::uint32_t> loud() const { return loud_; }
  /// Whether the steps that were taken to be silent touched nothing, and no other acted on what
  /// these might have announced.
  bool was_silent() const { return surprise_ == kNone; }
  std::span<const TraceEntry> entries() const { return entries_; }
  std::span<const TraceEntry> entries_of(std::uint32_t i) const {
    const std::size_t end = i + 1 < size() ? steps_[i + 1].first_entry : entries_.size();
    return {entries_.data() + steps_[i].first_entry, end - steps_[i].first_entry};
  }
  std::span<StepOutcome> outcomes_of(std::uint32_t i) {
    if (outcomes_.empty()) return {};
    const std::size_t end = i + 1 < size() ? steps_[i + 1].first_outcome : outcomes_.size();
    return {outcomes_.data() + steps_[i].first_outcome, end - steps_[i].first_outcome};
  }
  std::span<const StepOutcome> outcomes_of(std::uint32_t i) const {
    return const_cast<Trace*>(this)->outcomes_of(i);
  }
  /// What step `i` comes after in any case: its thread's step before, or its creator's; or kNone.
  std::uint32_t origin(std::uint32_t i) const {
    if (steps_[i].previous != kNone) return steps_[i].previous;
    return creator_before(i, steps_[i].engine_id);
  }
  std::span<const Waiting> waiting() const { return waiting_; }
  std::span<Waiting> waiting() { return waiting_; }
  /// How many steps a thread has made.
  std::uint32_t steps_of(Tid tid) const {
    if (tid >= last_of_.size() || last_of_[tid] == kNone) return 0;
    return steps_[last_of_[tid]].number;
  }
  /// By thread: its last step, or kNone.
  std::span<const std::uint32_t> last_steps() const { return last_of_; }
  std::uint32_t last_step(Tid tid) const { return tid < last_of_.size() ? last_of_[tid] : kNone; }

  // ---- rounds: trace_rounds.cc, trace_time.cc ----

  /// Where in the program a step that may poll was made; 0: it is no such step.
  std::uint64_t place_of(std::uint32_t i) const {
    return steps_[i].previous != kNone ? steps_[steps_[i].previous].next_place : 0;
  }
  /// Whether some thread has gone round in vain: it did the same twice, found the same, and left
  /// all as it was. A matter of what comes before its step alone.
  bool anybody_goes_round() const { return first_round_ != kNone; }
  /// Whether that cannot be told of somebody who locks something, because writes were not noted.
  bool misses_writes() const { return misses_writes_; }
  /// Whether step `i` may be one of a further round.
  bool goes_round(std::uint32_t i) const;
  /// Rounds that could be left out of the run together (trace_left_out.cc): of each thread one, its
  /// steps of these numbers.
  struct Round {
    Tid tid;
    std::uint32_t after, last;
  };
  using Rounds = engine::SharedVector<Round>;
  static bool is_in(const Rounds& rounds, const TraceStep& step);
  /// The round that step `i` ends and those that have to be left out with it, because they have
  /// seen what was locked in it; none: it cannot be left out.
  Rounds left_out(std::uint32_t i) const;
  /// The last step of a thread that goes round, with which it did, whatever the time; kNone: it
  /// does not. What others do may be why it went no further.
  std::uint32_t going_round(Tid tid) const;
  /// Calls `visit` with the last rounds of those who waited for a time that came nearer by the
  /// round that step `i` ends: to leave it out, these must be such that can be left out. Until one
  /// says false; whether none did.
  template <typename Visit>
  bool all_delayed(std::uint32_t i, const Visit& visit) const;
  /// Whether a step that touches an object so has an entry for it. The ends of threads have none
  /// until somebody asks for one of them.
  bool has_entry(const Access& access) const {
    return access.mode != Mode::kWoken && (heeds_ends_ || !is_end(access.object));
  }
  /// The object's last entry; kNone when none.
  std::uint32_t last_entry(ObjectKey object) const;
  /// The same for the object of that number.
  std::uint32_t last_entry_of(std::uint32_t object) const { return objects_[object].last; }
  /// From entry `e` back, the first that may conflict with `mode`: reads do not with reads.
  std::uint32_t meeting(Mode mode, std::uint32_t e) const {
    if (mode != Mode::kRead || e == kNone || entries_[e].mode != Mode::kRead) return e;
    return entries_[e].changed;
  }
  /// By step: how many of a thread's steps come before it, or are it.
  class Counts {
   public:
    std::uint32_t operator[](std::uint32_t step) const {
      return static_cast<std::uint32_t>(first_[std::size_t{step} * stride_]);
    }

   private:
    friend class Trace;
    Counts(const std::int32_t* first, std::uint32_t stride) : first_(first), stride_(stride) {}
    const std::int32_t* first_;
    std::uint32_t stride_;
  };
  Counts counts_of(Tid tid) const { return {clocks_.data() + tid, stride_}; }
  /// How many steps of thread `tid` come before step `i`, or are it.
  std::uint32_t steps_before(std::uint32_t i, Tid tid) const {
    return static_cast<std::uint32_t>(clock(i)[tid]);
  }
  /// Whether `before` happens before `after` (or is it).
  bool happens_before(std::uint32_t before, std::uint32_t after) const {
    return steps_before(after, steps_[before].tid) >= steps_[before].number;
  }
  /// The steps that come after `from`, but for what orders them at objects that are `ignored`.
  engine::SharedVector<std::uint8_t> steps_after(std::uint32_t from,
                                                 bool (*ignored)(ObjectKey)) const;
  /// Calls `visit` for what directly orders step `i` after others, until it says true. Whether it
  /// did.
  template <typename Visit>
  bool for_each_before(std::uint32_t i, const Visit& visit,
                       bool (*ignored)(ObjectKey) = nullptr) const;
  /// The step that let step `i` go on, whatever it touches: the last one of the thread that it
  /// joins, or the signal that woke it; kNone: it waited for neither.
  std::uint32_t released_by(std::uint32_t i) const {
    const TraceStep& step = steps_[i];
    if (step.by_timeout) return kNone;
    if (step.joins != kNone) return last_of_[step.joins];
    return step.kind == engine::OpKind::kCondWake && step.blocking ? waker(i) : kNone;
  }
  /// The step that created a thread that has not made any; kNone: none.
  std::uint32_t creator_of(Tid tid) const;
  /// The step of that number of a thread; it has been made.
  std::uint32_t step_of(Tid tid, std::uint32_t number) const;
  /// Whether thread `tid` could go on before step `i`; `in_time`: not by a deadline.
  bool is_enabled(std::uint32_t i, Tid tid, bool in_time = false) const;
  /// The same by its object of that name alone, whatever the time; of one that waits for several.
  bool is_enabled_by(std::uint32_t i, Tid tid, ObjectKey object) const;
  /// How many could have gone through that semaphore before step `i`; kUntold: the step changed
  /// nothing about it, as far as it tells.
  std::uint64_t places_before(std::uint32_t i, ObjectKey semaphore) const;
  static constexpr std::uint64_t kUntold = ~std::uint64_t{0};
  /// I2. With `silent`, of traces to which the steps that touch nothing belong, too: of two runs
  /// one may have ended before such a step and the other not.
  std::uint64_t identity(bool silent = true) const;

 private:
  // Signed: of these the processor takes four maxima at a time.
  using Count = std::int32_t;
  static constexpr std::uint32_t kBlock = 16;  // of a clock: as many as go through it at once
  Count* clock(std::uint32_t i) { return clocks_.data() + std::size_t{i} * stride_; }
  const Count* clock(std::uint32_t i) const { return clocks_.data() + std::size_t{i} * stride_; }
  void widen(std::uint32_t threads);
  void widen_enabled(std::uint32_t threads);
  std::uint64_t* enabled_at(std::uint32_t i) {
    return enabled_.data() + std::size_t{i} * 2 * words_;
  }
  const std::uint64_t* enabled_at(std::uint32_t i) const {
    return enabled_.data() + std::size_t{i} * 2 * words_;
  }
  bool see(const engine::ThreadChoice& choice);
  void begin(const engine::ThreadChoice& choice, unsigned pick, bool silent);
  void note_enabled(std::span<engine::Thread* const> enabled);
  void note_many_enabled(std::span<engine::Thread* const> enabled);
  void note_reasons(std::span<engine::Thread* const> enabled);
  void learn_thread(const engine::Thread& thread);
  void learn_threads(std::size_t count);
  void end_step(const engine::Thread* thread, bool compare_enabled);
  void note_surprise(const TraceStep& step, bool touches_nothing);
  void note_next(const engine::Thread& thread, TraceStep& step);
  void note_enabling(TraceStep& step);
  static bool waits_in_time(const engine::Operation& operation);
  void note_timed_channels(TraceStep& step);
  bool was_ready_by_any(Tid tid) const;
  void note_change(TraceStep& step, const engine::Thread& thread);
  void heed_ends();
  void link(std::uint32_t i);
  void follow_threads(std::uint32_t i);
  void add_entry(std::uint32_t i, std::uint32_t object, Mode mode);
  void cut_off();
  bool is_silent_step(std::uint32_t i) const;
  static std::uint64_t place_here(const void* site);
  void note_delays(const engine::Thread& thread);
  bool owes_time(std::uint32_t i, const Rounds& rounds);
  void note_writes(const engine::Thread* thread, TraceStep& step);
  bool told_alike(std::uint32_t i, std::uint32_t by) const;
  std::uint32_t valued_before(std::uint32_t entry) const;
  bool changed_nothing(std::uint32_t entry) const;
  std::uint32_t maker(std::uint32_t entry) const;
  bool have_same_maker(std::uint32_t a, std::uint32_t b) const;
  bool is_idle(std::uint32_t i) const;
  bool is_repeated(std::uint32_t i, std::uint32_t by) const;
  bool finds_again(std::uint32_t i, std::uint32_t by);
  bool is_same_object(std::uint32_t i, std::uint32_t by) const;
  bool is_unchanged(std::uint32_t i, std::uint32_t by);
  void note_same(std::uint32_t i, std::uint32_t by);
  void note_round(std::uint32_t i);
  void close_round(std::uint32_t from, std::uint32_t i);
  std::uint64_t found_in(std::uint32_t from, std::uint32_t i) const;
  struct LockState;
  LockState lock_before(std::uint32_t object, std::uint32_t first) const;
  std::uint32_t find_witness(const Rounds& rounds, std::uint32_t object, std::uint32_t first,
                             std::uint32_t i) const;
  std::uint32_t find_witness(const Rounds& rounds, std::uint32_t i) const;
  std::uint32_t first_of(const Rounds& rounds, std::uint32_t i) const;
  bool add_round(std::uint32_t witness, std::uint32_t i, Rounds* rounds) const;
  void copy_clock(std::uint32_t i, std::uint32_t from);
  void join_clock(std::uint32_t i, std::uint32_t with);
  std::uint32_t waker(std::uint32_t i) const;
  std::uint32_t creator_before(std::uint32_t i, engine::ThreadId id) const;
  std::uint32_t object_number(ObjectKey key) {
    if (key != last_key_) [[unlikely]] {
      last_number_ = find_object(key);
      last_key_ = key;
    }
    return last_number_;
  }
  std::uint32_t find_object(ObjectKey key);
  void grow_objects();

  struct Child {
    Tid parent;
    std::uint32_t ordinal;
  };
  struct Object {
    ObjectKey key;
    std::uint32_t last;
  };
  /// Before that step a thread that waits for several objects could go on by this one.
  struct Reason {
    std::uint32_t step;
    Tid tid;
    ObjectKey object;
  };
  /// By that step time came nearer to a deadline that another thread waited for; or the round that
  /// it ends did so. `round`: what that thread was going round with (going_round).
  struct Delay {
    std::uint32_t step, round;
  };
  /// What a step in which the clock was read wrote to its stack, and when.
  struct Told {
    std::uint32_t step;
    std::uintptr_t address;
    std::uint64_t value;
    engine::Time clock;
  };
  std::span<const Told> told_in(std::uint32_t step) const;
  // What belongs to steps grows only: those of a run before are used again.
  std::uint32_t size_ = 0, room_ = 0;
  engine::SharedVector<TraceStep> steps_;  // as many as there is room for
  engine::SharedVector<TraceEntry> entries_;
  // For each step, and what comes next, by engine id: who could go on before it, then who of these
  // by a deadline.
  engine::SharedVector<std::uint64_t> enabled_;
  std::uint32_t words_ = 0;               // of either
  engine::SharedVector<Reason> reasons_;  // by step
  bool any_selects_ = false;              // some thread has waited for several objects
  bool any_timed_channels_ = false;       // or until a deadline for channels
  engine::SharedVector<StepOutcome> outcomes_;
  engine::SharedVector<Count> clocks_;
  std::uint32_t stride_ = 0;                      // blocks
  engine::SharedVector<Child> known_;             // by tid
  engine::SharedVector<Tid> tids_;                // by engine id, of this run
  engine::SharedVector<engine::ThreadId> ids_;    // by tid, of this run
  int first_silent_ = -1;                         // of those that can go on now
  engine::SharedVector<std::uint32_t> children_;  // by tid: created in this run
  engine::SharedVector<std::uint32_t> last_of_;   // by tid: its last step
  engine::SharedVector<Object> objects_;          // by number
  engine::SharedVector<std::uint32_t> table_;     // of numbers + 1, by key
  ObjectKey last_key_ = 0;                        // that was looked for, its number
  std::uint32_t last_number_ = kNone;
  engine::SharedVector<std::uint32_t> unsettled_;  // steps (I1)
  engine::SharedVector<std::uint32_t> loud_;
  engine::SharedVector<Delay> delays_, delayed_;  // by step; of steps, and of rounds
  engine::SharedVector<Told> told_;               // by step
  std::uint32_t first_round_ = kNone;  // the first step that ends one (anybody_goes_round)
  bool notes_writes_ = false, misses_writes_ = false;
  std::uint32_t surprise_ = kNone;  // the first step that was not silent after all (was_silent)
  bool heeds_ends_ = false;         // has_entry
  engine::SharedVector<Waiting> waiting_;
  ObjectNames names_;
  // Of the step in progress.
  TraceStep& last() { return steps_[size_ - 1]; }
  TraceStep& add_step();
  void make_room();
  const engine::Thread* running_ = nullptr;
  const void* operand_ = nullptr;  // its object
  ObjectKey object_ = 0;           // the name of its object
};

template <typename Visit>
bool Trace::all_delayed(std::uint32_t i, const Visit& visit) const {
  for (std::size_t k = delayed_.size(); k-- > 0 && delayed_[k].step >= i;) {
    if (delayed_[k].step == i && !visit(delayed_[k].round)) return false;
  }
  return true;
}

template <typename Visit>
bool Trace::for_each_before(std::uint32_t i, const Visit& visit, bool (*ignored)(ObjectKey)) const {
  const TraceStep& step = steps_[i];
  const auto is_last = [&visit](std::uint32_t k) { return k != kNone && visit(k); };
  if (is_last(origin(i))) return true;
  if (is_last(released_by(i))) return true;
  if (step.footprint.everything()) {
    for (std::uint32_t k = 0; k < i; ++k) {
      if (visit(k)) return true;
    }
    return false;
  }
  for (const TraceEntry& entry : entries_of(i)) {
    if (ignored != nullptr && ignored(objects_[entry.object].key)) continue;
    for (std::uint32_t e = meeting(entry.mode, entry.before); e != kNone;
         e = meeting(entry.mode, entries_[e].before)) {
      if (entries_[e].step == i || !conflict(entry.mode, entries_[e].mode)) continue;
      if (visit(entries_[e].step)) return true;
      if (is_exclusive(entries_[e].mode)) break;
    }
  }
  return false;
}

}  // namespace chicane::strategies
