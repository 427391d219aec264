// SPDX-License-Identifier: Apache-2.0
//
// What parts of a search say together, on programs that are lists of operations.
#include "strategies/parts.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "strategies/abstract_program.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using Program = AbstractProgram;

Program three_threads() {
  return Program({Program::Body(2, Program::write(1)), Program::Body(2, Program::write(1)),
                  Program::Body(2, Program::write(1))});
}

/// The parts of a search, of which each has made so many runs.
class Parts {
 public:
  Parts(const std::string& name, const std::vector<std::uint64_t>& runs, unsigned bound = 1000) {
    const auto shards = static_cast<unsigned>(runs.size());
    for (unsigned shard = 0; shard < shards; ++shard) {
      Program program = three_threads();
      strategies_.push_back(
          make_strategy(name, {.bound = bound, .shard = shard, .shards = shards}, nullptr));
      parts_.push_back(strategies_.back().get());
      for (std::uint64_t run = 0; run < runs[shard]; ++run) {
        if (program.run(*strategies_.back(), run).empty()) break;
      }
    }
  }
  engine::StrategyReport report(bool of_shard = false) const {
    return describe_parts(parts_, of_shard);
  }
  std::string guarantee() const { return report().guarantee; }

 private:
  std::vector<std::unique_ptr<engine::Strategy>> strategies_;
  std::vector<const engine::Strategy*> parts_;
};

constexpr std::uint64_t kAll = 1000;

// I1
TEST(Parts, AreWholeWhenAllAre) {
  EXPECT_EQ(Parts("delay", {kAll, kAll, kAll}).guarantee(), "all interleavings were run");
  EXPECT_FALSE(Parts("delay", {kAll, kAll, kAll}).report().incomplete);
  EXPECT_STREQ(Parts("delay", {kAll, kAll}).report(true).guarantee,
               "all interleavings of this shard (by delays) were run");
}

// I1: a part of what the reduction divided and one of what the bounded search did are no whole.
TEST(Parts, OfTheReductionAndOfABoundAreDividedOtherwise) {
  engine::StrategyReport reduced;
  report_proof(true, &reduced);
  EXPECT_STREQ(reduced.guarantee, "all interleavings of this shard (by behaviours) were run");
  const Parts whole("preemption", {kAll, kAll});
  EXPECT_STRNE(whole.report(true).guarantee, reduced.guarantee);
}

TEST(Parts, HaveReachedTheLowestBoundOfAny) {
  // Of 90 runs, of which each part has a third: few reach a low bound, and whoever is whole has
  // reached every one.
  const std::string low = Parts("preemption", {12}).guarantee();
  EXPECT_TRUE(low.starts_with("all schedules with at most ")) << low;
  const std::string three = Parts("preemption", {kAll, 12, kAll}).guarantee();
  EXPECT_TRUE(three.starts_with("all schedules with at most ")) << three;
  EXPECT_EQ(Parts("delay", {kAll, kAll, kAll}, 2).guarantee(),
            "all schedules with at most 2 delays were run");
  EXPECT_TRUE(Parts("delay", {kAll, kAll, kAll}, 2).report().incomplete);
}

// A part that has made no run, or not all of the cheapest, keeps the others from any bound.
TEST(Parts, SayHowManyRunsThereWereWhereNoBoundWasReached) {
  for (const std::vector<std::uint64_t>& runs :
       {std::vector<std::uint64_t>{kAll, 1, kAll}, {kAll, 0, kAll}, {1, kAll, kAll}, {1, 1}}) {
    const std::string told = Parts("preemption", runs).guarantee();
    EXPECT_TRUE(told.ends_with("of the schedules with 0 preemptions were run")) << told;
  }
  EXPECT_EQ(Parts("preemption", {1, 1}).guarantee(),
            "1 of the schedules with 0 preemptions were run");
  EXPECT_EQ(Parts("preemption", {0, 0}).guarantee(), "");
}

TEST(Parts, TellTheLowestProbability) {
  const Parts one("pct", {50}), two("pct", {50, 50});
  EXPECT_GT(one.report().bound, 0);
  EXPECT_GT(two.report().bound, 0);
  EXPECT_LE(two.report().bound, one.report().bound);
  EXPECT_NE(two.guarantee(), "");
  EXPECT_EQ(Parts("pct", {50, 1}).report().bound, 0);  // the second has no bound yet
  EXPECT_EQ(Parts("pct", {50, 1}).guarantee(), "");
  EXPECT_EQ(Parts("random", {5, 5}).guarantee(), "");
}

}  // namespace
}  // namespace chicane::strategies
