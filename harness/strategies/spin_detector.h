// SPDX-License-Identifier: Apache-2.0
//
// Tells a strategy that prefers one thread when that thread only spins, so that it can give way:
// without that, `while (!done) yield();` under a priority scheduler runs to the step limit.
//
// Thread safety: engine context. Cost: a few ns per event; allocates only for a new highest id.
#pragma once

#include <cstdint>

#include "engine/operation.h"
#include "engine/shared_heap.h"

namespace chicane::strategies {

class SpinDetector {
 public:
  void begin_run() { threads_.clear(); }

  /// Notes an event; true when its thread should give way to the others now.
  bool on_event(const engine::Event& event) {
    if (event.kind == engine::OpKind::kYield) return true;
    if (event.thread >= threads_.size()) threads_.resize(event.thread + 1);
    History& history = threads_[event.thread];
    if (event.thread != last_thread_) threads_[last_thread_ = event.thread].alone = 0;
    if (++history.alone >= kAloneLimit) return history.alone = 0, true;
    return repeats(history, event);
  }

 private:
  /// Failed attempts at one place before a thread gives way...
  static constexpr unsigned kFailureLimit = 3;
  /// ...readings of one place...
  static constexpr unsigned kPollLimit = 16;
  /// ...and events of any kind with no other thread's event between (lock, look, unlock loops).
  static constexpr unsigned kAloneLimit = 1000;

  struct History {
    const void* site = nullptr;
    const void* object = nullptr;
    unsigned count = 0;
    unsigned alone = 0;
  };

  static bool failed(const engine::Event& event) {
    return event.outcome == engine::Outcome::kWouldBlock ||
           event.outcome == engine::Outcome::kFailed ||
           event.outcome == engine::Outcome::kTimedOut ||
           event.kind == engine::OpKind::kSleep;  // once is a pause, again and again is polling
  }
  static bool polls(const engine::Event& event) {
    return event.kind == engine::OpKind::kAtomicLoad || event.kind == engine::OpKind::kClock ||
           event.kind == engine::OpKind::kRead || event.kind == engine::OpKind::kRecv ||
           event.kind == engine::OpKind::kSelect || event.kind == engine::OpKind::kAtomicRmw;
  }
  static bool repeats(History& history, const engine::Event& event) {
    const bool failure = failed(event);
    if (!failure && !polls(event)) return false;
    if (history.site != event.site || history.object != event.object) {
      history.site = event.site;
      history.object = event.object;
      history.count = 0;
    }
    if (++history.count < (failure ? kFailureLimit : kPollLimit)) return false;
    history.count = 0;
    return true;
  }

  engine::SharedVector<History> threads_;
  engine::ThreadId last_thread_ = 0;
};

}  // namespace chicane::strategies
