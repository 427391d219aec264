// SPDX-License-Identifier: Apache-2.0
//
// What answers choices. A strategy sees each thread's announced operation and the events that have
// taken effect, nothing else: no program memory, no monitors.
//
// Thread safety: engine context only; one strategy serves one exploration. It is made before the
// first child process and lives in memory shared with all of them (shared_heap.h): containers that
// runs change must be Shared ones.
// Invariants:
//   I1. Same seed and same program: same answers.
//   I2. A run that ends its process has no end_run: what the strategy was told until then is all
//       there is, and the next begin_run comes in another process.
//   I3. `pick_thread` returns an index below `enabled.size()`, `pick_outcome` one below `count`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_set>

#include "engine/operation.h"
#include "engine/shared_heap.h"

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

/// What the strategies of an exploration have to say of their runs so far, for its report.
struct StrategyReport {
  /// Hashes of the distinct behaviours (Mazurkiewicz traces) that the runs had.
  std::unordered_set<std::uint64_t> behaviours;
  /// There were more than could be counted.
  bool more_behaviours = false;
  /// It leaves schedules out, by a bound or for fairness: that it has no further run is no proof.
  bool incomplete = false;
  /// All runs, but for those that threads which only wait make without end.
  bool but_for_spins = false;
  /// The probability that each run had, at least, of what `guarantee` says; 0: none is known.
  double bound = 0;
  char guarantee[240] = {};
};

/// How far an exhaustive search has come.
struct SearchStatistics {
  /// Complete runs that are no doubles of others, and runs that were given up as nothing new.
  std::uint64_t executions = 0, blocked = 0;
  /// How many executions there are in all, as far as can be told, and how wrong that may be.
  double estimate = 0, estimate_error = 0;
  /// Some run went beyond the step limit, or differed from another under the same choices: that
  /// there is no further run is no proof.
  bool incomplete = false;
};

class Strategy {
 public:
  Strategy() = default;
  Strategy(const Strategy&) = delete;
  Strategy& operator=(const Strategy&) = delete;
  virtual ~Strategy() = default;
  static void* operator new(std::size_t size) { return SharedHeap::allocate(size); }
  static void operator delete(void* memory, std::size_t size) {
    SharedHeap::deallocate(memory, size);
  }
  /// Its name on the command line.
  virtual const char* name() const = 0;
  /// Before `begin_run`, in each process and whenever it has changed: at how many places of the
  /// program plain accesses are operations, because they are known to race.
  virtual void use_racy_sites(std::size_t /*count*/) {}
  /// Before run number `run` (from 0). False: the space is exhausted, there is no such run.
  virtual bool begin_run(std::uint64_t run) = 0;
  /// Which of the enabled threads goes on: an index into `choice.enabled`. Not asked when only one
  /// is enabled.
  virtual unsigned pick_thread(const ThreadChoice& choice) = 0;
  /// Which of `count` (at least 2) outcomes the operation has.
  virtual unsigned pick_outcome(const Operation& operation, unsigned count) = 0;
  /// Whether `pick_thread` is to be asked even when only one thread is enabled.
  virtual bool wants_every_step() const { return false; }
  /// Which events the strategy wants of the run that has begun, as a set (bit_of); unless it is
  /// empty, those of operations that had no success are among them.
  virtual std::uint64_t event_kinds() const { return ~std::uint64_t{0}; }
  /// Whether this one is among them.
  bool wants(const Event& event) const {
    const std::uint64_t kinds = event_kinds();
    return (kinds & bit_of(event.kind)) != 0 || (kinds != 0 && event.outcome != Outcome::kDone);
  }
  /// After each event that it wants.
  virtual void on_event(const Event&) {}
  /// Memory that the thread has got.
  virtual void on_allocate(ThreadId, const void* /*start*/, std::size_t /*size*/) {}
  virtual bool wants_memory() const { return false; }
  /// Of an exhaustive search; false for others. Outside of runs.
  virtual bool statistics(SearchStatistics*) const { return false; }
  /// After the run, with the number of its steps.
  virtual void end_run(std::uint64_t /*steps*/) {}
  /// Adds what it knows. Outside of runs.
  virtual void describe(StrategyReport*) const {}
};

}  // namespace chicane::engine
