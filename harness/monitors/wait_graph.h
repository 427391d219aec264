// SPDX-License-Identifier: Apache-2.0
//
// Who waits for whom when a run stands still, and why each thread waits: the common ground of the
// deadlock and leak monitors.
//
//   waits for     blocked by
//   lock          its holder; for a write lock, every reader too
//   read lock     its writer; when it has none, the writers queued before it
//   join          the thread
//   once          the thread that runs it
//   anything else unknown: any thread might send, signal or count down
//
// A thread needs *all* of its known blockers to go on, so every circle of known edges is a
// deadlock, whatever the other threads do.
//
// Thread safety: engine context, after the run's last event.
// Cost: WaitHistory about 1 ns per event; the graph is built only for runs that end badly.
#pragma once

#include <vector>

#include "engine/engine.h"
#include "monitors/address_table.h"
#include "monitors/event_mask.h"

namespace chicane::monitors {

/// What events tell about waits: signals that went to nobody, what waits give up, and who runs a
/// once.
class WaitHistory {
 public:
  struct Signal {
    engine::ThreadId thread = engine::kNoThread;
    const void* site = nullptr;
    std::uint64_t step = 0;
    bool woke_somebody = false;
  };
  struct Once {
    engine::ThreadId runner = engine::kNoThread;
    const void* site = nullptr;
    std::uint64_t step = 0;
    bool done = false;
  };

  /// The last wait for a signal that a thread began.
  struct Wait {
    const void* lock = nullptr;  // that it gave up
    std::uint64_t step = 0;
  };

  void begin_run() {
    signals_.clear();
    onces_.clear();
    waits_.clear();
  }
  static constexpr std::uint64_t kWanted =
      event_mask(engine::OpKind::kCondWait, engine::OpKind::kCondSignal,
                 engine::OpKind::kCondBroadcast, engine::OpKind::kOnce, engine::OpKind::kOnceDone);
  void on_event(const engine::Event& event) {
    if (!in_mask(event.kind, kWanted)) return;
    switch (event.kind) {
      case engine::OpKind::kCondWait:
        if (event.thread >= waits_.size()) waits_.resize(event.thread + 1);
        waits_[event.thread] = {event.other, event.step};
        break;
      case engine::OpKind::kCondSignal:
      case engine::OpKind::kCondBroadcast:
        signals_[event.object] = {event.thread, event.site, event.step, event.value != 0};
        break;
      case engine::OpKind::kOnce:
        note_once(event);
        break;
      case engine::OpKind::kOnceDone:
        onces_[event.object].done = true;
        break;
      default:
        break;
    }
  }
  /// The last signal on `cond`, if it woke nobody; else null.
  const Signal* lost_signal(const void* cond) const {
    const Signal* signal = signals_.find(cond);
    return signal != nullptr && !signal->woke_somebody ? signal : nullptr;
  }
  Wait last_wait(engine::ThreadId thread) const {
    return thread < waits_.size() ? waits_[thread] : Wait{};
  }
  /// Who runs `once` now; null when nobody does.
  const Once* running(const void* once) const {
    const Once* found = onces_.find(once);
    return found != nullptr && !found->done ? found : nullptr;
  }

 private:
  void note_once(const engine::Event& event) {
    // The value says whether this thread runs it (again, when the one before threw).
    if (event.value != 0) onces_[event.object] = {event.thread, event.site, event.step, false};
  }
  AddressTable<Signal> signals_;
  AddressTable<Once> onces_;
  std::vector<Wait> waits_;  // by thread
};

/// One reason why a thread cannot go on.
struct Blocker {
  enum Why { kHolds, kQueuedBefore, kNotEnded } why;
  const engine::Thread* thread;
  engine::HeldLock lock;  // for kHolds
};

struct BlockedThread {
  enum Cause { kUnknown, kSelf, kCircle, kLostSignal, kConsequence };
  const engine::Thread* thread;
  std::vector<Blocker> blockers;
  Cause cause = kUnknown;
};

class WaitGraph {
 public:
  /// `stuck`: the run ended because nothing was enabled; else only circles are certain.
  WaitGraph(const engine::Engine& engine, const WaitHistory& history, bool stuck);

  const std::vector<BlockedThread>& blocked() const { return blocked_; }
  /// Circles of at least two threads, as indices into blocked(), each followed by whom it waits
  /// for. No thread is in two.
  const std::vector<std::vector<std::size_t>>& circles() const { return circles_; }
  /// How member `from` is blocked by member `to`.
  static const Blocker* edge(const BlockedThread& from, const BlockedThread& to);
  /// How a thread blocks itself, or null.
  static const Blocker* self_edge(const BlockedThread& thread) { return edge(thread, thread); }

 private:
  void find_blockers(const engine::Engine& engine, const WaitHistory& history, BlockedThread& of);
  void add_holders(const engine::Engine& engine, BlockedThread& of, bool shared_too);
  std::size_t index_of(const engine::Thread* thread) const;
  std::vector<std::size_t> circle_through(std::size_t start) const;
  static bool misses(const engine::Engine& engine, const WaitHistory& history,
                     const BlockedThread& blocked);
  void find_causes(const engine::Engine& engine, const WaitHistory& history);

  std::vector<BlockedThread> blocked_;
  std::vector<std::vector<std::size_t>> circles_;
};

}  // namespace chicane::monitors
