// SPDX-License-Identifier: Apache-2.0
//
// What answers choices. A strategy sees each thread's announced operation and the events that have
// taken effect, nothing else: no program memory, no monitors.
//
// Thread safety: engine context only; one strategy serves one exploration.
// Invariants:
//   I1. Same seed and same program: same answers.
//   I2. `pick_thread` returns an index below `enabled.size()`, `pick_outcome` one below `count`.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "engine/operation.h"

namespace chicane::engine {

class Thread;

/// A point at which more than one thread could go on.
struct ThreadChoice {
  /// The threads that may run, by rising id. A thread is enabled when its announced operation is
  /// ready, or when its deadline is the next one in virtual time.
  std::span<Thread* const> enabled;
  /// Who ran last, and its index in `enabled`, or -1 when it is not enabled.
  ThreadId current;
  int current_index;
  std::uint64_t step;
};

class Strategy {
 public:
  virtual ~Strategy() = default;
  /// Its name on the command line.
  virtual const char* name() const = 0;
  /// Before run number `run` (from 0). False: the space is exhausted, there is no such run.
  virtual bool begin_run(std::uint64_t run) = 0;
  /// Which of the enabled threads goes on: an index into `choice.enabled`. Not asked when only one
  /// is enabled.
  virtual unsigned pick_thread(const ThreadChoice& choice) = 0;
  /// Which of `count` (at least 2) outcomes the operation has.
  virtual unsigned pick_outcome(const Operation& operation, unsigned count) = 0;
  /// Whether the strategy wants the events of the run that has begun.
  virtual bool wants_events() const { return true; }
  /// After each event.
  virtual void on_event(const Event&) {}
  /// After the run, with the number of its steps.
  virtual void end_run(std::uint64_t /*steps*/) {}
};

}  // namespace chicane::engine
