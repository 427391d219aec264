// SPDX-License-Identifier: Apache-2.0
#include "strategies/trace.h"

#include <algorithm>
#include <bit>

#include "engine/plain_writes.h"

namespace chicane::strategies {
namespace {

using engine::Operation;
using engine::OpKind;
using engine::Outcome;
using engine::Thread;
using engine::ThreadChoice;

/// A join that goes on whether or not the thread has ended.
bool tries_to_join(const Operation& operation) {
  return operation.kind == OpKind::kThreadJoin &&
         (operation.deadline != engine::kNever || !operation.can_block());
}

bool is_blocking_lock(const Operation& operation) {
  return operation.can_block() &&
         (operation.kind == OpKind::kLock || operation.kind == OpKind::kReadLock);
}

bool is_counted_wait(const Operation& operation) {
  return operation.can_block() && is_counted(operation.kind, operation.deadline != engine::kNever);
}

}  // namespace

// ---- while a run goes on ----

void Trace::on_allocate(engine::ThreadId thread, const void* start, std::size_t size) {
  if (tids_.size() <= thread) [[unlikely]]
    learn_threads(thread + 1);
  names_.on_allocate(tids_[thread], start, size);
}

void Trace::make_room() {
  room_ = std::max(64U, 2 * size_);
  steps_.resize(room_);
  clocks_.resize(std::size_t{room_} * stride_);
  enabled_.resize(std::size_t{room_} * 2 * words_);
}

[[gnu::always_inline]] inline TraceStep& Trace::add_step() {
  TraceStep& step = steps_[size_++];
  step.by_timeout = step.failed = step.told = step.ended = step.settled = step.lock = step.counted =
      step.again = false;
  step.rounds = 0;
  step.turn = kNone;
  step.same = false;
  step.change = step.stack = 0;
  step.next_place = 0;
  step.joins = kNone;
  step.footprint.clear();
  return step;
}

[[gnu::always_inline]] inline void Trace::begin(const ThreadChoice& choice, unsigned pick,
                                                bool silent) {
  const Thread& thread = *choice.enabled[pick];
  const Operation& operation = thread.pending();
  operand_ = operation.object;
  running_ = &thread;
  if (notes_writes_) engine::g_plain_writes.clear();
  const std::uint32_t depth = size_;
  TraceStep& step = add_step();
  const Tid tid = tids_[thread.id()];
  const std::uint32_t previous = last_of_[tid];
  step.tid = tid;
  step.previous = previous;
  step.number = previous == kNone ? 1 : steps_[previous].number + 1;
  step.pick = pick;
  step.engine_id = thread.id();
  step.kind = operation.kind;
  step.blocking = operation.can_block();
  step.silent = silent;
  if (step.kind == OpKind::kThreadJoin && step.blocking) {
    step.joins = tids_[static_cast<const Thread*>(operation.object)->id()];
  }
  step.first_entry = static_cast<std::uint32_t>(entries_.size());
  step.first_outcome = static_cast<std::uint32_t>(outcomes_.size());
  step.threads = static_cast<std::uint32_t>(tids_.size());
  last_of_[tid] = depth;
  step.own_accesses = 0;
  if (silent) return;
  step.place = static_cast<std::uint32_t>(loud_.size());
  loud_.push_back(depth);
  step.by_timeout = thread.by_timeout();
  step.lock = is_blocking_lock(operation);
  step.counted = is_counted_wait(operation);
  object_ = may_fail(step.kind) ? names_.name(operation.object) : 0;
  add_operation(names_, operation, step.by_timeout, &step.footprint);
  step.own_accesses = step.footprint.size();
  if (step.by_timeout || step.kind == OpKind::kClock) [[unlikely]]
    note_delays(thread);
  if (!tries_to_join(operation)) return;
  heed_ends();
  const auto* other = static_cast<const Thread*>(operation.object);
  step.footprint.add(end_of(tids_[other->id()]), Mode::kRead);
  ++step.own_accesses;
}

void Trace::on_event(const engine::Event& event) {
  if (running_ == nullptr) return;
  TraceStep& step = last();
  if (event.kind == step.kind) {
    step.value = event.value;
    step.told = true;
    step.failed = step.failed || event.outcome == Outcome::kWouldBlock ||
                  event.outcome == Outcome::kFailed || event.outcome == Outcome::kTimedOut;
  }
  if (event.object != nullptr && event.object != operand_) {
    add_event(names_, event, &step.footprint);
  }
}

/// `compare_enabled`: it is known who can go on now.
[[gnu::always_inline]] inline void Trace::end_step(const Thread* thread, bool compare_enabled) {
  TraceStep& step = last();
  step.ended = true;
  running_ = nullptr;
  if (notes_writes_ && !engine::g_plain_writes.empty()) note_writes(thread, step);
  if (step.failed) [[unlikely]]
    note_failure(step.kind, object_, &step.footprint);
  if (thread != nullptr) {
    if (thread->finished()) {
      step.footprint.add(end_of(step.tid), Mode::kWrite);
    } else if (!is_silent(thread->pending())) {
      note_next(*thread, step);
    }
  }
  const bool touches_nothing = step.silent && !touches_others(step.footprint);
  note_surprise(step, touches_nothing);
  if (touches_nothing && !heeds_ends_) {
    unsettled_.push_back(size_ - 1);
    return;
  }
  // A step that touches nothing changes nothing for who waits.
  if (compare_enabled && !touches_nothing) {
    note_enabling(step);
    if (any_timed_channels_) [[unlikely]]
      note_timed_channels(step);
  }
  link(size_ - 1);
  if (may_go_round(step.kind) && step.previous != kNone) note_round(size_ - 1);
}

inline void Trace::note_surprise(const TraceStep& step, bool touches_nothing) {
  const bool silent = step.silent ? touches_nothing && outcomes_.size() == step.first_outcome
                                  : !step.footprint.meets_announcements();
  if (!silent) surprise_ = std::min(surprise_, size_ - 1);
}

void Trace::heed_silent() {
  settle();
  loud_.clear();
  for (std::uint32_t i = 0; i < size_; ++i) {
    steps_[i].silent = false;
    steps_[i].place = i;
    loud_.push_back(i);
  }
}

/// What its thread announces at its end.
void Trace::note_next(const Thread& thread, TraceStep& step) {
  add_announcement(names_, thread.pending(), &step.footprint);
  if (may_go_round(thread.pending().kind)) step.next_place = place_here(thread.pending().site);
  if (thread.pending().object_at != nullptr) any_selects_ = true;
  if (waits_in_time(thread.pending())) any_timed_channels_ = true;
  if (!tries_to_join(thread.pending())) return;
  heed_ends();
  const auto* other = static_cast<const Thread*>(thread.pending().object);
  step.footprint.add(end_of(tids_[other->id()]), Mode::kRead);
  step.footprint.add_meets_announcements();
}

// A thread that can go on now and could not before, or the other way round: whatever the footprint
// says, this step is why.
inline void Trace::note_enabling(TraceStep& step) {
  const std::uint64_t* before = enabled_at(size_ - 1);
  const std::uint64_t* enabled = enabled_at(size_);
  for (std::uint32_t word = 0; word < words_; ++word) {
    std::uint64_t changed =
        (before[word] ^ enabled[word]) | (before[words_ + word] ^ enabled[words_ + word]);
    if (step.engine_id / 64 == word) changed &= ~(std::uint64_t{1} << step.engine_id % 64);
    for (; changed != 0; changed &= changed - 1) {
      const std::uint32_t id = 64 * word + static_cast<std::uint32_t>(std::countr_zero(changed));
      if (id >= step.threads) continue;  // new
      const Thread& thread = *engine::Engine::instance().threads()[id];
      if (!thread.finished() && !is_silent(thread.pending())) note_change(step, thread);
    }
  }
}

[[gnu::always_inline]] inline void Trace::note_enabled(std::span<Thread* const> enabled) {
  if (words_ != 1) return note_many_enabled(enabled);
  std::uint64_t all = 0, late = 0;
  bool any_late = false;
  int first_silent = -1;
  for (std::size_t i = enabled.size(); i-- > 0;) {
    const Thread& thread = *enabled[i];
    all |= std::uint64_t{1} << thread.id() % 64;
    any_late |= thread.by_timeout();
    if (is_silent(thread.pending())) first_silent = static_cast<int>(i);
  }
  if (any_late) [[unlikely]] {
    for (const Thread* thread : enabled) {
      if (thread->by_timeout()) late |= std::uint64_t{1} << thread->id() % 64;
    }
  }
  first_silent_ = first_silent;
  std::uint64_t* to = enabled_at(size_);
  to[0] = all;
  to[1] = late;
}

[[gnu::always_inline]] inline bool Trace::see(const ThreadChoice& choice) {
  const std::size_t threads = engine::Engine::instance().threads().size();
  if (choice.enabled.back()->id() >= threads) [[unlikely]]
    return false;
  if (tids_.size() < threads) [[unlikely]]
    learn_threads(threads);
  if (size_ == room_) [[unlikely]]
    make_room();
  note_enabled(choice.enabled);
  if (running_ != nullptr) end_step(running_, true);
  if (any_selects_) [[unlikely]]
    note_reasons(choice.enabled);
  return true;
}

bool Trace::look(const ThreadChoice& choice) { return see(choice); }

void Trace::begin_step(const ThreadChoice& choice, unsigned pick, bool silent) {
  begin(choice, pick, silent);
}

int Trace::go_on_silently(const ThreadChoice& choice) {
  if (!see(choice)) return kForeign;
  if (first_silent_ < 0) return kNobody;
  begin(choice, static_cast<unsigned>(first_silent_), true);
  return first_silent_;
}

// ---- clocks ----

/// kNone: of nothing.
[[gnu::always_inline]] inline void Trace::copy_clock(std::uint32_t i, std::uint32_t from) {
  if (from != kNone && !steps_[from].settled) settle();
  Count* to = clock(i);
  const Count* end = to + stride_;
  if (from == kNone) {
    for (; to != end; to += kBlock) std::fill_n(to, kBlock, 0);
    return;
  }
  for (const Count* of = clock(from); to != end; to += kBlock, of += kBlock) {
    std::copy_n(of, kBlock, to);
  }
}

void Trace::join_clock(std::uint32_t i, std::uint32_t with) {
  if (!steps_[with].settled) settle();
  Count* to = clock(i);
  const Count* from = clock(with);
  for (const Count* end = to + stride_; to != end; to += kBlock, from += kBlock) {
    Count block[kBlock];  // of which the compiler knows that it does not overlap the others
    for (std::uint32_t t = 0; t < kBlock; ++t) block[t] = std::max(to[t], from[t]);
    std::copy_n(block, kBlock, to);
  }
}

/// The step that let a woken thread go on: the last before which it could not.
std::uint32_t Trace::waker(std::uint32_t i) const {
  std::uint32_t at = i;
  while (at > steps_[i].previous + 1 && is_enabled(at, steps_[i].tid)) --at;
  return at == i || is_enabled(at, steps_[i].tid) ? kNone : at;
}

/// The step before `i` that created a thread: the first after which it was known.
std::uint32_t Trace::creator_before(std::uint32_t i, engine::ThreadId id) const {
  while (steps_[i].threads > id) {
    if (i-- == 0) return kNone;  // before the first step
  }
  return i;
}

std::uint32_t Trace::creator_of(Tid tid) const {
  return size() != 0 ? creator_before(size() - 1, ids_[tid]) : kNone;
}

/// In the order of the run: each builds on earlier ones.
void Trace::settle() {
  for (const std::uint32_t i : unsettled_) follow_threads(i);
  unsettled_.clear();
}

/// What `i` comes after whatever it touches.
[[gnu::always_inline]] inline void Trace::follow_threads(std::uint32_t i) {
  TraceStep& step = steps_[i];
  copy_clock(i, origin(i));
  const std::uint32_t by = released_by(i);
  if (by != kNone) join_clock(i, by);
  if (step.footprint.everything()) [[unlikely]] {
    for (const std::uint32_t last : last_of_) {
      if (last != kNone && last != i) join_clock(i, last);
    }
  }
  clock(i)[step.tid] = static_cast<Count>(step.number);
  step.settled = true;
}

void Trace::link(std::uint32_t i) {
  follow_threads(i);
  const TraceStep& step = steps_[i];
  for (unsigned k = 0; k < step.footprint.size(); ++k) {
    const Access access = step.footprint[k];
    if (!has_entry(access)) continue;
    const std::uint32_t object = object_number(access.object);
    for (std::uint32_t e = meeting(access.mode, objects_[object].last); e != kNone;
         e = meeting(access.mode, entries_[e].before)) {
      const TraceEntry& entry = entries_[e];
      if (entry.step == i || !conflict(access.mode, entry.mode)) continue;
      if (!happens_before(entry.step, i)) join_clock(i, entry.step);
      if (is_exclusive(entry.mode)) break;
    }
    add_entry(i, object, access.mode);
  }
}

[[gnu::always_inline]] inline void Trace::add_entry(std::uint32_t i, std::uint32_t object,
                                                    Mode mode) {
  const std::uint32_t last = objects_[object].last;
  entries_.push_back({object, mode, i, last, meeting(Mode::kRead, last)});
  objects_[object].last = static_cast<std::uint32_t>(entries_.size() - 1);
}

/// From here on; and those that have been get their entries now.
void Trace::heed_ends() {
  if (heeds_ends_) return;
  settle();
  heeds_ends_ = true;
  entries_.clear();
  for (Object& object : objects_) object.last = kNone;
  const std::uint32_t ended = size_ != 0 && !last().ended ? size_ - 1 : size_;
  for (std::uint32_t i = 0; i < size_; ++i) {
    steps_[i].first_entry = static_cast<std::uint32_t>(entries_.size());
    for (unsigned k = 0; i < ended && k < steps_[i].footprint.size(); ++k) {
      const Access access = steps_[i].footprint[k];
      if (has_entry(access)) add_entry(i, object_number(access.object), access.mode);
    }
  }
}

void Trace::end_run(const engine::Engine& engine) {
  const auto threads = engine.threads();
  learn_threads(threads.size());
  const engine::RunEnd end = engine.last_end();
  const bool announced = end == engine::RunEnd::kStuck || end == engine::RunEnd::kStepLimit;
  const Thread* last = running_;
  const bool left_some = end == engine::RunEnd::kFinished &&
                         std::any_of(threads.begin(), threads.end(),
                                     [](const Thread* thread) { return !thread->finished(); });
  if (last != nullptr && (end == engine::RunEnd::kFatal || left_some)) cut_off();
  if (last != nullptr) end_step(announced ? last : nullptr, false);
  for (const Thread* thread : threads) {
    if (thread->finished() || (thread == last && !announced)) continue;
    const Operation& pending = thread->pending();
    Waiting& waiting = waiting_.emplace_back();
    waiting.tid = tids_[thread->id()];
    waiting.previous = last_of_[waiting.tid];
    waiting.kind = pending.kind;
    waiting.enabled = pending.is_ready();
    waiting.lock = is_blocking_lock(pending);
    waiting.counted = is_counted_wait(pending);
    add_operation(names_, pending, false, &waiting.footprint);
    waiting.own_accesses = waiting.footprint.size();
  }
  if (!waiting_.empty()) settle();
}

/// The run ends within its last step: what the others would have done after it is not there, so
/// that it matters for each of their steps whether it was before or after.
void Trace::cut_off() { last().footprint.add_everything(); }

void Trace::end_dead_run() {
  if (size() == 0 || last().ended) return;
  cut_off();
  TraceStep& step = last();
  if (step.failed) note_failure(step.kind, object_, &step.footprint);
  note_surprise(step, false);
  link(size() - 1);
  step.ended = true;
  running_ = nullptr;
  settle();
  for (std::uint32_t id = 0; id < step.threads; ++id) {
    const Tid tid = tids_[id];
    if (tid == step.tid || !is_enabled(size() - 1, tid)) continue;
    Waiting& waiting = waiting_.emplace_back();
    waiting.tid = tid;
    waiting.previous = last_of_[tid];
    waiting.kind = OpKind::kYield;
    waiting.enabled = true;
    waiting.lock = waiting.counted = false;
    waiting.own_accesses = 0;
    waiting.footprint.add_everything();
  }
}

}  // namespace chicane::strategies
