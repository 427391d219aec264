// SPDX-License-Identifier: Apache-2.0
//
// Predicts data races from one run that did not have them: two accesses that only a lock lies
// between, because one thread happened to have it first.
//
//     T: x = 1;  lock(m); ...; unlock(m);
//     U:                                   lock(m); ...; unlock(m);  x = 2;
//
// The unlock of T orders the writes in this run. Where U comes first, nothing does.
//
// The beginning of another run is sought in which both threads stand before their accesses
// (Mathur, Pavlogiannis and Viswanathan, "Optimal Prediction of Synchronization-Preserving Races",
// POPL 2021). It holds of each thread a prefix, the fewest entries that have all they need:
//
//     an entry                      needs
//     any                           what its thread did before
//     an acquire that is no lock's  the releases that it saw (creation, join, channels, ...)
//     an atomic load, or rmw        the store that it read from
//     a plain read                  the write that it read from    (*)
//     an acquisition of a lock      that its earlier holders in the prefixes have released it (*)
//
// (*) Where only these forbid it, the value read may not matter, and the locks may be taken in
// another order than in this run: such a race is predicted too, but not `sure`. Either way a
// prediction is none of our findings: the search steers runs into it (strategies/steer_race.cc),
// and what comes true there has a witness.
//
// Thread safety: values.
// Invariants:
//   I1. Accesses that creation, join, atomics or messages order are never predicted.
//   I2. The first kMaxEntries entries of up to kMaxThreads threads are looked at.
// Cost: as the trace, times the threads; and for each pair of places that is tried, its locks.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/journal.h"
#include "monitors/run_trace.h"

namespace chicane::monitors {

/// The races that a run foretells, one for each pair of places.
std::vector<engine::PredictedRace> predict_races(const RunTrace& trace);

/// Does so for the first runs of a process, and leaves it in the journal.
class RacePrediction final : public TraceAnalysis {
 public:
  void judge(const RunTrace& trace, engine::RunEnd end, engine::Engine& engine) override;

  static constexpr std::size_t kMaxEntries = 1 << 13;
  static constexpr std::size_t kMaxThreads = 64;

 private:
  static constexpr unsigned kRuns = 8;
  unsigned runs_ = 0;
};

}  // namespace chicane::monitors
