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
  std::vector<std::uint64_t> traces;  // of each run that was not given up
  // The same, where steps that touch nothing are no part of a trace.
  std::vector<std::uint64_t> loud_traces;
  bool heeds_all = true;                         // such steps are a part of what was searched
  std::set<std::pair<int, std::uint64_t>> ends;  // how (engine::RunEnd), and the state
  // The same, but of runs that were not over for the search before, because all were held.
  std::set<std::pair<int, std::uint64_t>> searched_ends;
  std::uint64_t given_up = 0;
  bool done = false;        // no further run,
  bool incomplete = false;  // which is no proof
  double estimate = 0, estimate_error = 0;
  std::size_t most_memory = 0;

  std::set<std::uint64_t> distinct() const { return distinct(heeds_all); }
  /// With, or without, the steps that touch nothing.
  std::set<std::uint64_t> distinct(bool all) const {
    const auto& of = all ? traces : loud_traces;
    return {of.begin(), of.end()};
  }
};

/// What a program says of itself when it ends.
void report_state(std::uint64_t state);
/// Ends the program's run here, as a failed assertion does.
[[noreturn]] void fail_run();

struct Exhaustion {
  std::string strategy = "dpor";  // or "dfs"
  unsigned shard = 0, shards = 1;
  std::size_t remembered = 1 << 20;       // steps in wakeup trees; 0: there are none
  std::uint64_t probe_seed = 0;           // 0: without probes
  bool fair = false;                      // spinning threads come last
  std::vector<std::uint64_t> racy_sites;  // where plain accesses are operations
};

/// At most `limit` runs.
Exhausted exhaust(const std::function<void()>& program, const Exhaustion& with,
                  std::uint64_t limit);
/// The same, with threads that only wait held.
inline Exhausted exhaust_held(const std::function<void()>& program, const char* strategy,
                              std::uint64_t limit) {
  return exhaust(program, {.strategy = strategy, .fair = true, .racy_sites = {}}, limit);
}

/// Takes from the table of dependencies (strategies/dependency.h) that operations in these modes,
/// by number, are dependent, as long as it lives.
class Independent {
 public:
  Independent(unsigned a, unsigned b);
  ~Independent();
  Independent(const Independent&) = delete;

 private:
  unsigned a_, b_;
};

/// Where the program's plain accesses race, by some random runs.
std::vector<std::uint64_t> find_races(const std::function<void()>& program);

}  // namespace chicane::tests
