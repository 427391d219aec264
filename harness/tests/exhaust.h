// SPDX-License-Identifier: Apache-2.0
//
// For tests of exhaustive strategies: runs a program until its strategy has no further run, in
// children as an exploration does, and notes each run's Mazurkiewicz trace, how it ended, and the
// state that the program reported.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/strategy.h"

namespace chicane::tests {

struct Exhausted {
  std::vector<std::uint64_t> traces;              // of each run that was not given up
  std::set<std::pair<bool, std::uint64_t>> ends;  // deadlocked or not, and the state
  std::uint64_t given_up = 0;
  bool done = false;  // no further run
  std::size_t most_memory = 0;

  std::set<std::uint64_t> distinct() const { return {traces.begin(), traces.end()}; }
};

/// What a program says of itself when it ends.
void report_state(std::uint64_t state);

/// With `strategy` "dfs" or "dpor"; at most `limit` runs.
Exhausted exhaust(const std::function<void()>& program, const std::string& strategy,
                  std::uint64_t limit, unsigned shard = 0, unsigned shards = 1);

}  // namespace chicane::tests
