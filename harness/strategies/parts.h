// SPDX-License-Identifier: Apache-2.0
//
// How far searches through all there is have come, and several together, each of which has a part
// (Parameters::shard): as far as the one that has come least far.
//
// Thread safety: outside of runs.
// Invariants:
//   I1. What is said of several parts holds for their union, and what is said of a shard says that
//       it is one, and by what the whole was divided: each search does that in its own way.
#pragma once

#include <cstdint>
#include <span>

#include "engine/strategy.h"

namespace chicane::strategies {

/// Of a search by rising bounds (bounded.cc), in its part.
struct Bounds {
  const char* deviation = nullptr;  // "delay"; null: there is no such search
  /// All runs with at most so many deviations were made; -1: not even those without any.
  std::int64_t reached = -1;
  std::uint64_t without = 0;  // runs without any
  bool whole = false;         // and there are no others
  bool full = false;          // memory was too small for some, which were left out
  bool incomplete = false;    // for whatever reason some were left out
};

/// A strategy in which there are searches through all there is, beside others perhaps.
class Searching {
 public:
  virtual ~Searching() = default;
  virtual Bounds bounds() const = 0;
  /// Whether a reduction has been through all behaviours of its part, and left out none.
  virtual bool reduced() const { return false; }
};

/// Null when `strategy` has none.
inline const Searching* as_searching(const engine::Strategy& strategy) {
  return dynamic_cast<const Searching*>(&strategy);
}

/// As a guarantee; none when no bound was reached. `of_shard`: it is not of the whole.
void report_bounds(const Bounds& bounds, bool of_shard, engine::StrategyReport* report);
/// That all there is was run.
void report_proof(bool of_shard, engine::StrategyReport* report);

/// What strategies of the same sort, one for each part, have to say together: of what each schedule
/// had the probability to do, the lowest, and none when one of them has none.
engine::StrategyReport describe_parts(std::span<const engine::Strategy* const> parts,
                                      bool of_shard);

}  // namespace chicane::strategies
