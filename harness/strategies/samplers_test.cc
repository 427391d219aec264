// SPDX-License-Identifier: Apache-2.0
//
// Each sampler against its definition, on programs that are lists of operations.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include "strategies/abstract_program.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using Program = AbstractProgram;

/// How often each order came in runs 1 to `runs`; run 0 is for learning.
std::map<std::string, int> orders(Program& program, engine::Strategy& strategy, int runs) {
  std::map<std::string, int> counts;
  program.run(strategy, 0);
  for (int run = 1; run <= runs; ++run) ++counts[program.run(strategy, run)];
  return counts;
}

/// Pearson's statistic against the uniform distribution over `cells`.
double chi_square(const std::map<std::string, int>& counts, int cells, int runs) {
  const double expected = static_cast<double>(runs) / cells;
  double sum = (cells - static_cast<double>(counts.size())) * expected;
  for (const auto& [order, count] : counts) sum += std::pow(count - expected, 2) / expected;
  return sum;
}

Program unequal_threads() {
  return Program({{Program::write(1), Program::write(1), Program::write(1)},
                  {Program::write(2), Program::write(2)},
                  {Program::write(3)}});
}

TEST(Urw, IsUniformOverInterleavings) {
  constexpr int kInterleavings = 60, kRuns = 12000;  // 6! / (3! 2! 1!)
  Program program = unequal_threads();
  const auto strategy = make_urw(5);
  // 59 degrees of freedom: above 98 once in a thousand.
  EXPECT_LT(chi_square(orders(program, *strategy, kRuns), kInterleavings, kRuns), 98);
  engine::StrategyReport report;
  strategy->describe(&report);
  EXPECT_NEAR(report.bound, 1.0 / kInterleavings, 1e-6);
  EXPECT_NE(std::string(report.guarantee).find("0.0167"), std::string::npos) << report.guarantee;

  const auto random = make_random(5);
  EXPECT_GT(chi_square(orders(program, *random, kRuns), kInterleavings, kRuns), 1000);
}

engine::StrategyReport report_of(const engine::Strategy& strategy) {
  engine::StrategyReport report;
  strategy.describe(&report);
  return report;
}

// Whoever waits makes the others likelier: the bound is that of runs in which nobody does, and more
// runs do not lower it.
TEST(Urw, TellsTheSameBoundHoweverManyRunsThereWere) {
  const Program::Body twice = {Program::lock(1), Program::unlock(1), Program::lock(1),
                               Program::unlock(1)};
  Program program({twice, twice});
  const auto strategy = make_urw(5);
  for (const int runs : {1, 10, 500}) {
    const auto counts = orders(program, *strategy, runs);
    const double bound = report_of(*strategy).bound;
    EXPECT_NEAR(bound, 1.0 / 70, 1e-6) << runs;  // 8! / (4! 4!)
    if (runs == 500) {
      EXPECT_EQ(counts.size(), 6u);
      for (const auto& [order, count] : counts) EXPECT_GE(count, runs * bound) << order;
    }
  }
}

TEST(Urw, HasNoBoundWhereRunsDoNotDoTheSame) {
  Program one({Program::Body(3, Program::write(1)), Program::Body(3, Program::write(1))});
  Program other({Program::Body(3, Program::write(1)), Program::Body(5, Program::write(1))});
  const auto strategy = make_urw(5);
  orders(one, *strategy, 20);
  EXPECT_NEAR(report_of(*strategy).bound, 1.0 / 20, 1e-6);
  orders(other, *strategy, 20);
  const engine::StrategyReport report = report_of(*strategy);
  EXPECT_EQ(report.bound, 0);
  EXPECT_TRUE(std::string(report.guarantee).starts_with("the least likely of the schedules"))
      << report.guarantee;
}

// Change points of shorter runs do not reach the end of longer ones.
TEST(Pct, TellsTheBoundOfTheRunsSinceTheLongest) {
  Program small({Program::Body(3, Program::write(1)), Program::Body(3, Program::write(1))});
  Program large({Program::Body(9, Program::write(1)), Program::Body(9, Program::write(1))});
  const auto strategy = make_pct(5, 2);
  orders(small, *strategy, 100);
  EXPECT_GE(report_of(*strategy).bound, 1 / (2 * 6.0));
  large.run(*strategy, 101);
  EXPECT_EQ(report_of(*strategy).bound, 0) << report_of(*strategy).guarantee;
  orders(small, *strategy, 6);
  EXPECT_LT(report_of(*strategy).bound, 1 / (2 * 8.0));
  EXPECT_NE(std::string(report_of(*strategy).guarantee).find("in each of 7 schedules"),
            std::string::npos)
      << report_of(*strategy).guarantee;
}

// Of two operations on x, hidden behind unequally many others, either order is as likely.
TEST(Surw, IsUniformOverTheInterestingOrders) {
  const Program::Body noise2(2, Program::write(2)), noise9(9, Program::write(3));
  Program::Body second = noise2, third = noise9;
  second.push_back(Program::write(1));
  third.push_back(Program::write(1));
  Program program({{Program::write(1)}, second, third});
  const auto strategy = make_strategy("surw", {.seed = 3}, nullptr);
  constexpr int kRuns = 6000;
  std::map<std::string, int> last;
  for (const auto& [order, count] : orders(program, *strategy, kRuns)) {
    // The last operation of each thread is its write of x.
    std::string writes;
    for (const char c : {'1', '2', '3'}) writes += c;
    std::sort(writes.begin(), writes.end(),
              [&order](char a, char b) { return order.rfind(a) < order.rfind(b); });
    last[writes] += count;
  }
  EXPECT_LT(chi_square(last, 6, kRuns), 20.5);  // 5 degrees of freedom: once in a thousand
}

TEST(Pos, ConflictingOperationsThatAreReadyTogetherAreEvenlyOrdered) {
  const Program::Body noise(10, Program::write(2));
  Program program({{Program::write(1)}, {Program::write(1)}, noise});
  const auto strategy = make_pos(11);
  constexpr int kRuns = 20000;
  int first = 0;
  for (const auto& [order, count] : orders(program, *strategy, kRuns)) {
    if (order.find('1') < order.find('2')) first += count;
  }
  EXPECT_NEAR(first, kRuns / 2, 3 * std::sqrt(kRuns / 4.0));
}

// One announced write of x, against another behind n independent operations, each with a priority
// of its own: it comes last when its priority is the lowest of n + 2.
TEST(Pos, DrawsOnePriorityPerOperation) {
  constexpr int kNoise = 8, kRuns = 20000;
  Program::Body late(kNoise, Program::write(2));
  late.push_back(Program::write(1));
  Program program({late, {Program::write(1)}});
  const auto strategy = make_pos(12);
  const auto counts = orders(program, *strategy, kRuns);
  const double p = 1.0 / (kNoise + 2);
  EXPECT_NEAR(counts.at("1111111112"), kRuns * p, 3 * std::sqrt(kRuns * p));
}

// A bug of depth d: d ordering constraints, in the program's order.
class PctBound : public ::testing::TestWithParam<unsigned> {};

TEST_P(PctBound, IsHeld) {
  const unsigned depth = GetParam();
  Program program({Program::Body(6, Program::write(1)), Program::Body(6, Program::write(2)),
                   Program::Body(6, Program::write(3))});
  const auto strategy = make_pct(9, depth);
  // Depth 1: thread 3 comes first. 2: and is interrupted after three. 3: and so is who follows.
  const auto has_bug = [depth](const std::string& order) {
    if (depth == 1) return order[0] == '3';
    if (depth == 2) return order.starts_with("333") && order[3] != '3';
    return order.starts_with("333222") && order[6] == '1';
  };
  constexpr int kRuns = 40000;
  int hits = 0;
  for (const auto& [order, count] : orders(program, *strategy, kRuns)) {
    if (has_bug(order)) hits += count;
  }
  engine::StrategyReport report;
  strategy->describe(&report);
  // Three threads, at most 17 choices with two enabled.
  EXPECT_GE(report.bound, 1 / (3 * std::pow(18, depth - 1)));
  // The bound is tight here: less than that by chance at most once in a thousand.
  const double expected = kRuns * report.bound;
  EXPECT_GE(hits, expected - 3.1 * std::sqrt(expected)) << report.guarantee;
}
INSTANTIATE_TEST_SUITE_P(Depths, PctBound, ::testing::Values(1u, 2u, 3u));

Program opposite_locks() {
  const Program::Body first = {Program::lock(1), Program::lock(2), Program::unlock(2),
                               Program::unlock(1)};
  const Program::Body second = {Program::lock(2), Program::lock(1), Program::unlock(1),
                                Program::unlock(2)};
  return Program({first, second});
}

TEST(Directed, ClosesALockCycleInItsFirstRuns) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Program program = opposite_locks();
    auto coverage = std::make_unique<Coverage>();
    const Coverage& seen = *coverage;
    const auto strategy = make_sampling(std::move(coverage), make_directed(seed, seen));
    std::uint64_t run = 0;
    while (run < 10 && !program.run(*strategy, run).ends_with('!')) ++run;
    EXPECT_LE(run, 3u) << "seed " << seed;
  }
}

// What a load read is changed before the store that depends on it.
TEST(Directed, ComesBetweenALoadAndItsStore) {
  const Program::Body increment = {Program::read(1), Program::write(1)};
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Program program({increment, increment});
    auto coverage = std::make_unique<Coverage>();
    const Coverage& seen = *coverage;
    const auto strategy = make_sampling(std::move(coverage), make_directed(seed, seen));
    std::uint64_t run = 0;
    const auto lost = [](const std::string& order) { return order != "1122" && order != "2211"; };
    while (run < 10 && !lost(program.run(*strategy, run))) ++run;
    EXPECT_LE(run, 4u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace chicane::strategies
