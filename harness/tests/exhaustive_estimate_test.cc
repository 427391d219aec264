// SPDX-License-Identifier: Apache-2.0
//
// Oracle: what a search that has only begun says of its size holds as often as it claims to.
#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <thread>

#include "tests/exhaust.h"
#include "tests/random_programs.h"
#include "tests/reference_programs.h"

namespace chicane::tests {
namespace {

constexpr std::uint64_t kSome = 240;

struct Known {
  const char* name;
  double executions;
  std::function<void()> program;
  /// Its behaviours are about equally likely to be drawn: then not much is left open after kSome.
  bool even = false;
};

/// In how many of the cases the number was within the error.
double covered(const Known& of, const Exhaustion& with, std::uint64_t seeds, std::uint64_t runs) {
  double hits = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    Exhaustion probed = with;
    probed.probe_seed = seed;
    const Exhausted result = exhaust(of.program, probed, runs);
    EXPECT_FALSE(result.done) << of.name;
    EXPECT_GT(result.estimate_error, 0) << of.name;
    if (of.even && runs >= kSome)
      EXPECT_LE(result.estimate_error, 0.75 * result.estimate) << of.name;
    hits += std::abs(result.estimate - of.executions) <= result.estimate_error ? 1 : 0;
  }
  std::printf("%-16s %4lu runs: %3.0f%%\n", of.name, runs, 100 * hits / static_cast<double>(seeds));
  return hits;
}

constexpr std::uint64_t kSeeds = 8;

/// `promised` is a share: fewer or more of so many cases by chance once in a thousand.
void expect_about(double promised, double hits, double cases) {
  const double deviation = std::sqrt(cases * promised * (1 - promised));
  EXPECT_NEAR(hits, promised * cases, 3.3 * deviation) << "of " << cases;
}

constexpr double kPromised = 0.9;

TEST(ExhaustiveEstimate, HoldsAsOftenAsItClaims) {
  const Known kPrograms[] = {
      {"mutex(3,3)", 1680, [] { locked_increments(3, 3); }, true},
      {"mutex(4,2)", 2520, [] { locked_increments(4, 2); }, true},
      {"readers(8)", 256, [] { readers(8); }, true},
      {"readers(13)", 8192, [] { readers(13); }, true},
      {"lastzero(8)", 704, [] { last_zero(8); }},
      {"lastzero(10)", 3328, [] { last_zero(10); }},
      {"indexer(14)", 512, [] { indexer(14); }},
      {"indexer(15)", 4096, [] { indexer(15); }},
      {"lost_update(5)", 14400, [] { lost_update(5); }, true},
  };
  double hits = 0, cases = 0;
  for (const Known& of : kPrograms) {
    // Of no program is it told with less than it is worth.
    constexpr double kLeast = 0.6;
    const double here = covered(of, {}, kSeeds, 50) + covered(of, {}, kSeeds, kSome);
    EXPECT_GE(here, kLeast * 2 * kSeeds) << of.name;
    hits += here;
    cases += 2 * kSeeds;
  }
  expect_about(kPromised, hits, cases);
}

// What it counts is what is explored: interleavings, a shard's part, behaviours of channels.
TEST(ExhaustiveEstimate, IsOfWhatIsExplored) {
  const Program channels = parse_program("send0 receive0 | receive0 send1 | receive1 send0 add0");
  const Known kPrograms[] = {
      {"lost_update(3)", 0, [] { lost_update(3); }},
      {"channels", 0, [&] { run_program(channels); }},
      {"readers(9)", 0, [] { readers(9); }},
  };
  double hits = 0, cases = 0;
  for (Known of : kPrograms) {
    for (const Exhaustion& with :
         {Exhaustion{.strategy = "dfs", .racy_sites = {}},
          Exhaustion{.strategy = "dfs", .shard = 1, .shards = 3, .racy_sites = {}},
          Exhaustion{.shard = 0, .shards = 2, .racy_sites = {}},
          Exhaustion{.shard = 2, .shards = 3, .racy_sites = {}}}) {
      const Exhausted all = exhaust(of.program, with, 30'000);
      of.executions = static_cast<double>(all.traces.size());
      if (!all.done || all.traces.size() < 100) continue;
      hits += covered(of, with, kSeeds, 80);
      cases += kSeeds;
    }
  }
  EXPECT_GE(cases, 5 * kSeeds);
  expect_about(kPromised, hits, cases);
}

/// Whose child is born first is open. The second's has more to do if the other has added first.
void nested() {
  constexpr int kMore = 4, kMuchMore = 6;
  std::atomic<int> x{0}, set{0};
  set = 1;
  const auto child = [&](bool asks) {
    if (set == 0) return;
    std::thread thread([&x, asks] {
      const bool first = x.fetch_add(1) == 0;
      for (int i = 0; i < (first || !asks ? kMore : kMuchMore); ++i) x.fetch_add(1);
    });
    thread.join();
  };
  std::thread one(child, false);
  std::thread two(child, true);
  one.join();
  two.join();
}

// A probe may see threads in another order than the search, and number them so: what it counts for
// one shard was the other's.
TEST(ExhaustiveEstimate, OfAShardWhereThreadsHaveChildren) {
  constexpr unsigned kShards = 2;
  constexpr double kSeveral = 16;
  for (unsigned shard = 0; shard < kShards; ++shard) {
    Exhaustion with{.shard = shard, .shards = kShards, .racy_sites = {}};
    const Exhausted all = exhaust(&nested, with, 1000);
    EXPECT_TRUE(all.done);
    const auto executions = static_cast<double>(all.traces.size());
    double mean = 0;
    for (with.probe_seed = 1; with.probe_seed <= kSeveral; ++with.probe_seed) {
      mean += exhaust(&nested, with, 80).estimate / kSeveral;
    }
    EXPECT_NEAR(mean, executions, executions / 2) << "shard " << shard;
  }
}

}  // namespace
}  // namespace chicane::tests
