// SPDX-License-Identifier: Apache-2.0
//
// Threads that go on and on, when a run reached its step limit, the last part of it under a fair
// schedule:
//
//   main has ended, the thread sleeps between rounds,       orphaned-goroutine  site "running"
//     hands values over or gets on
//   else, some thread gets on (new_ground.h): it may be     step-limit          site "running",
//     a long way, or have no end                                                one per thread
//   else: they keep doing the same things                   livelock            site "spins", one
//                                                                               per thread
//
// A thread of a livelock that does nothing but look at things that never change (loads, failed
// compare-exchanges and try-locks, yields between them) is told to be busy waiting: what it needs
// is something to wait for. One that waits actively for something that comes is not told: whether
// it comes soon enough is for a schedule to decide, and a bounded spin looks the same.
//
// First of all, a thread that waited for a lock, or tried it again and again, all through the fair
// part, while others took that lock and gave it back at least kMostHandOvers times: `starvation`,
// sites "waits" and "holds". What the others do then is no livelock: it may be for that thread to
// end it. (A Go Mutex with a mode sees its starvation itself: golang/sync.cc.)
//
// The site is the operation that a thread repeats most. Operations that are repeated equally often
// (lock, look, unlock) are told apart by which says most of the spin, never by where in its loop
// the run was cut, so that the site is the same in every run.
//
// Thread safety: engine context. Cost: about 1 ns per event in the first 512 steps of a run, 4 ns
// later: a run that short never comes to its step limit.
#include <algorithm>
#include <string>

#include "monitors/monitors.h"
#include "monitors/new_ground.h"
#include "monitors/wording.h"

namespace chicane::monitors {
namespace {

using engine::Engine;
using engine::Event;
using engine::Finding;
using engine::OpKind;
using engine::Outcome;
using engine::RunEnd;
using engine::Wants;

/// The last events of a thread.
struct Ring {
  static constexpr unsigned kSize = 64;
  struct Entry {
    const void* site;
    const void* object;
    std::uint64_t step;
    OpKind kind;
    Outcome outcome;
    std::uint64_t value;
  };
  Entry entries[kSize];
  std::uint64_t count = 0;

  std::span<const Entry> last() const { return {entries, std::min<std::uint64_t>(count, kSize)}; }
};

class LivelockMonitor final : public engine::Monitor {
 public:
  Wants begin_run(Engine& engine) override {
    engine_ = &engine;
    rings_.clear();
    ground_.clear();
    from_step_ = std::min<std::uint64_t>(512, engine.options().step_limit / 2);
    return {.events_from_step = from_step_, .fair_accesses = true};
  }
  void on_event(const Event& event) override {
    if (event.thread >= rings_.size()) rings_.resize(event.thread + 1);
    Ring& ring = rings_[event.thread];
    ring.entries[ring.count++ % Ring::kSize] = {event.site, event.object,  event.step,
                                                event.kind, event.outcome, event.value};
    if (event.step < engine_->fair_from() || event.object == nullptr) return;
    note(event.thread, event.object, has_value(event.kind) ? event.value : 0);
  }
  void on_access(engine::ThreadId thread, const void* address, std::size_t size, bool,
                 const void*) override {
    note(thread, address, Engine::read_value(address, size));
  }
  void end_run(RunEnd end) override {
    if (end == RunEnd::kStepLimit) judge();
  }

 private:
  static bool has_value(OpKind kind) {
    return kind == OpKind::kAtomicLoad || kind == OpKind::kAtomicStore ||
           kind == OpKind::kAtomicRmw || kind == OpKind::kAtomicCas || kind == OpKind::kRead ||
           kind == OpKind::kWrite;
  }
  void note(engine::ThreadId thread, const void* address, std::uint64_t value) {
    if (!ground_.begun()) ground_.begin(engine_->step(), engine_->last_step());
    ground_.note(thread, engine_->step(), reinterpret_cast<std::uintptr_t>(address), value);
  }
  void judge();
  bool gets_on(const std::vector<const engine::Thread*>& threads) const;
  bool still_runs(const engine::Thread& thread);
  static bool rests_or_hands_over(const Ring& ring);
  static bool only_looks(const Ring& ring);
  static unsigned rank(const Ring::Entry& entry);
  Ring::Entry repeated(const engine::Thread& thread);
  void add_spin(Finding* finding, const char* role, const engine::Thread& thread);
  void report_livelock(const std::vector<const engine::Thread*>& threads, bool all_spin);
  void report_limit(const std::vector<const engine::Thread*>& threads);
  void report_orphan(const engine::Thread& thread);
  bool report_starvation();
  const void* starves_for(const engine::Thread& thread);

  Engine* engine_ = nullptr;
  std::vector<Ring> rings_;
  NewGround ground_;  // in the fair part
  std::uint64_t from_step_ = 0;
};

void LivelockMonitor::judge() {
  const bool main_ended = engine_->threads()[engine::kMainThread]->finished();
  std::vector<const engine::Thread*> spinning, progressing;
  rings_.resize(std::max(rings_.size(), engine_->threads().size()));
  for (const engine::Thread* thread : engine_->threads()) {
    if (thread->finished() || !still_runs(*thread)) continue;
    const bool goes_on = rests_or_hands_over(rings_[thread->id()]);
    (goes_on ? progressing : spinning).push_back(thread);
  }
  if (report_starvation()) return;
  std::vector<const engine::Thread*> running = spinning;
  running.insert(running.end(), progressing.begin(), progressing.end());
  if (gets_on(running)) {
    if (!main_ended) return report_limit(running);
    progressing = std::move(running);
    spinning.clear();
  }
  if (!spinning.empty()) report_livelock(spinning, true);
  if (main_ended) {
    for (const engine::Thread* thread : progressing) report_orphan(*thread);
  } else if (spinning.empty() && !progressing.empty()) {
    report_livelock(progressing, false);
  }
}

bool LivelockMonitor::still_runs(const engine::Thread& thread) {
  // A thread that the cut found waiting for its turn at a lock still takes part in the spin: what
  // counts is that it came to act lately.
  constexpr std::uint64_t kLately = 500;
  constexpr unsigned kEnough = 4;
  const std::uint64_t step = engine_->step();
  unsigned recent = 0;
  for (const Ring::Entry& entry : rings_[thread.id()].last()) recent += entry.step + kLately > step;
  return thread.enabled() || recent >= kEnough;
}

/// Some of them do: not just now and then, and not because time goes by.
bool LivelockMonitor::gets_on(const std::vector<const engine::Thread*>& threads) const {
  constexpr std::uint64_t kOften = 8;
  std::uint64_t met = 0;
  for (const engine::Thread* thread : threads) {
    const auto last = rings_[thread->id()].last();
    const bool looks_at_time = std::any_of(last.begin(), last.end(), [](const Ring::Entry& entry) {
      return entry.kind == OpKind::kSleep || entry.kind == OpKind::kClock;
    });
    if (!looks_at_time) met += ground_.met(thread->id());
  }
  return met >= kOften;
}

bool LivelockMonitor::rests_or_hands_over(const Ring& ring) {
  return std::any_of(ring.last().begin(), ring.last().end(), [](const Ring::Entry& entry) {
    if (entry.kind == OpKind::kSleep) return true;
    if (entry.outcome != Outcome::kDone) return false;
    // A receive from a closed channel, which has value 0, hands nothing over.
    const bool receives = entry.kind == OpKind::kRecv || entry.kind == OpKind::kTryRecv;
    return entry.kind == OpKind::kSend || entry.kind == OpKind::kTrySend ||
           (receives && entry.value != 0);
  });
}

bool LivelockMonitor::only_looks(const Ring& ring) {
  const auto last = ring.last();
  return last.size() == Ring::kSize &&
         std::all_of(last.begin(), last.end(), [&](const Ring::Entry& entry) {
           if (entry.kind == OpKind::kYield) return true;
           if (entry.outcome == Outcome::kFailed || entry.outcome == Outcome::kWouldBlock) {
             return true;
           }
           if (entry.kind != OpKind::kAtomicLoad) return false;
           return std::all_of(last.begin(), last.end(), [&](const Ring::Entry& other) {
             return other.object != entry.object || other.value == entry.value;
           });
         });
}

unsigned LivelockMonitor::rank(const Ring::Entry& entry) {
  if (entry.outcome == Outcome::kFailed || entry.outcome == Outcome::kWouldBlock) return 0;
  switch (entry.kind) {
    case OpKind::kSelect:
    case OpKind::kRecv:
    case OpKind::kTryRecv:
      return 1;
    case OpKind::kAtomicLoad:
    case OpKind::kRead:
      return 2;
    case OpKind::kLock:
    case OpKind::kReadLock:
      return 3;
    case OpKind::kUnlock:
    case OpKind::kReadUnlock:
    case OpKind::kYield:
      return 5;
    default:
      return 4;
  }
}

Ring::Entry LivelockMonitor::repeated(const engine::Thread& thread) {
  struct Count {
    Ring::Entry entry;
    unsigned count;
  };
  std::vector<Count> counts;
  for (const Ring::Entry& entry : rings_[thread.id()].last()) {
    const auto same = std::find_if(counts.begin(), counts.end(), [&](const Count& other) {
      return other.entry.site == entry.site && other.entry.kind == entry.kind;
    });
    if (same == counts.end()) {
      counts.push_back({entry, 1});
      continue;
    }
    ++same->count;
    if (rank(entry) <= rank(same->entry)) same->entry = entry;
  }
  const engine::Operation& pending = thread.pending();
  if (counts.empty()) {
    return {pending.site, pending.object, 0, pending.kind, Outcome::kDone, 0};
  }
  unsigned most = 0;
  for (const Count& count : counts) most = std::max(most, count.count);
  // Where the ring begins within the loop makes a difference of one or two.
  std::erase_if(counts, [&](const Count& count) { return count.count + 2 + most / 8 < most; });
  return std::min_element(counts.begin(), counts.end(),
                          [](const Count& a, const Count& b) {
                            if (rank(a.entry) != rank(b.entry))
                              return rank(a.entry) < rank(b.entry);
                            return a.entry.site < b.entry.site;
                          })
      ->entry;
}

void LivelockMonitor::add_spin(Finding* finding, const char* role, const engine::Thread& thread) {
  const Ring::Entry entry = repeated(thread);
  const std::string detail = std::string("repeats ") + engine::to_string(entry.kind) + " (" +
                             engine::to_string(entry.outcome) + ")";
  // The thread's present stack is that of its announced operation; of another one, the recorded run
  // knows the stack at its step.
  const bool live = entry.site == thread.pending().site;
  engine_->add_site(finding, role, thread.id(), entry.site, live, entry.step, detail, entry.object);
}

void LivelockMonitor::report_livelock(const std::vector<const engine::Thread*>& threads,
                                      bool all_spin) {
  const Ring::Entry entry = repeated(*threads[0]);
  const std::string steps = std::to_string(engine_->step());
  std::string message = name_of(*threads[0]);
  const bool several = threads.size() > 1;
  if (several) message += " and " + count_of(threads.size() - 1, "more thread");
  message += several ? " repeat " : " repeats ";
  message += engine::to_string(entry.kind);
  message += all_spin ? ", without effect, in all of " : ", without an end, in all of ";
  message += steps + " steps, the last of them under a fair schedule";
  for (const engine::Thread* thread : threads) {
    if (!only_looks(rings_[thread->id()])) continue;
    message += "; " + name_of(*thread) + " is busy waiting";
    break;
  }
  Finding* finding = engine_->report("livelock", message, entry.object);
  for (const engine::Thread* thread : threads) add_spin(finding, "spins", *thread);
}

void LivelockMonitor::report_limit(const std::vector<const engine::Thread*>& threads) {
  std::string message = "the run is not over after " + std::to_string(engine_->step()) +
                        " operations, the last of them under a fair schedule; ";
  const engine::Thread* counting = nullptr;
  for (const engine::Thread* thread : threads) {
    if (ground_.met(thread->id()) == 0) continue;
    if (counting != nullptr || ground_.counter(thread->id()) == 0) {
      counting = nullptr;
      break;
    }
    counting = thread;
  }
  const void* counter = nullptr;
  if (counting == nullptr) {
    message += "it may need more, or have no end";
  } else {
    counter = reinterpret_cast<const void*>(ground_.counter(counting->id()));
    message += "all that changes is a value of " + name_of(*counting) +
               ": if its loop does not end by that, it has no end";
  }
  Finding* finding = engine_->report("step-limit", message, counter);
  for (const engine::Thread* thread : threads) add_spin(finding, "running", *thread);
}

void LivelockMonitor::report_orphan(const engine::Thread& thread) {
  Finding* finding =
      engine_->report("orphaned-goroutine", name_of(thread) + " still runs though main has ended");
  add_spin(finding, "running", thread);
}

// The lock that a thread wants and has not got for so long that the others have had their turns at
// it; null when there is none.
const void* LivelockMonitor::starves_for(const engine::Thread& thread) {
  // Of the fair part, 5,000 steps: in so many, every thread that can go on has gone on.
  constexpr std::uint64_t kLong = 2000;
  const Ring& ring = rings_[thread.id()];
  const engine::Operation& pending = thread.pending();
  const std::uint64_t kind = engine::bit_of(pending.kind);
  if ((kind & engine::kLockKinds) == 0) return nullptr;
  for (const Ring::Entry& entry : ring.last()) {
    const bool failed = entry.object == pending.object && entry.outcome == Outcome::kWouldBlock;
    if (!failed && entry.step + kLong > engine_->step()) return nullptr;
  }
  return pending.object;
}

bool LivelockMonitor::report_starvation() {
  constexpr unsigned kMostHandOvers = 10;
  bool reported = false;
  for (const engine::Thread* thread : engine_->threads()) {
    if (thread->finished()) continue;
    const void* lock = starves_for(*thread);
    if (lock == nullptr) continue;
    unsigned hand_overs = 0;
    const Ring::Entry* last = nullptr;
    engine::ThreadId taker = engine::kNoThread;
    for (const engine::Thread* other : engine_->threads()) {
      if (other == thread || other->finished()) continue;
      for (const Ring::Entry& entry : rings_[other->id()].last()) {
        const bool takes = (engine::bit_of(entry.kind) & engine::kLockKinds) != 0;
        if (entry.object != lock || !takes || entry.outcome != Outcome::kDone) continue;
        ++hand_overs;
        if (last != nullptr && last->step > entry.step) continue;
        last = &entry;
        taker = other->id();
      }
    }
    if (hand_overs < kMostHandOvers) continue;
    const engine::Operation& pending = thread->pending();
    Finding* finding = engine_->report(
        "starvation",
        name_of(*thread) + " wants a lock that others take again and again, under a fair schedule",
        lock);
    engine_->add_site(finding, "waits", thread->id(), pending.site, true, 0, waits_for(pending),
                      lock);
    engine_->add_site(finding, "holds", taker, last->site, false, last->step, "takes it again",
                      lock);
    reported = true;
  }
  return reported;
}

}  // namespace

std::unique_ptr<engine::Monitor> make_livelock_monitor() {
  return std::make_unique<LivelockMonitor>();
}

}  // namespace chicane::monitors
