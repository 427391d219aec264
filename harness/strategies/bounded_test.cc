// SPDX-License-Identifier: Apache-2.0
//
// Delay and preemption bounding against their definitions: the cost of every interleaving is
// computed here, by hand of the papers, and each bound's runs are exactly those of its cost.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "strategies/abstract_program.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using Program = AbstractProgram;

constexpr char kThreads = 3;
constexpr int kSteps = 2;

Program three_threads() {
  return Program({Program::Body(kSteps, Program::write(1)),
                  Program::Body(kSteps, Program::write(1)),
                  Program::Body(kSteps, Program::write(1))});
}

// Whether `thread` (0, 1, 2) has steps left after `done`.
bool enabled(const std::string& done, int thread) {
  return std::count(done.begin(), done.end(), static_cast<char>('1' + thread)) < kSteps;
}

unsigned cost(const std::string& order, bool delays) {
  unsigned sum = 0;
  int current = 0;  // main, which has ended: the first choice is no preemption
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::string done = order.substr(0, i);
    const int chosen = order[i] - '1';
    if (delays) {
      // Who is passed over, from the one that would go on.
      for (int k = current; k % kThreads != chosen; ++k) sum += enabled(done, k % kThreads);
    } else {
      sum += i != 0 && chosen != current && enabled(done, current);
    }
    current = chosen;
  }
  return sum;
}

class Bounded : public ::testing::TestWithParam<bool> {
 protected:
  static std::unique_ptr<engine::Strategy> make(unsigned highest) {
    return GetParam() ? make_delay({.bound = highest}) : make_preemption({.bound = highest});
  }
};

TEST_P(Bounded, RunsEveryScheduleOnceCheapestFirst) {
  Program program = three_threads();
  const auto strategy = make(1000);
  std::map<unsigned, std::set<std::string>> expected, found;
  std::string order = "112233";
  do {
    expected[cost(order, GetParam())].insert(order);
  } while (std::next_permutation(order.begin(), order.end()));

  unsigned last = 0;
  std::size_t runs = 0;
  for (;; ++runs) {
    const std::string seen = program.run(*strategy, runs);
    if (seen.empty()) break;
    const unsigned its_cost = cost(seen, GetParam());
    EXPECT_GE(its_cost, last) << seen;
    last = its_cost;
    EXPECT_TRUE(found[its_cost].insert(seen).second) << seen << " came twice";
  }
  EXPECT_EQ(runs, 90u);  // 6! / (2! 2! 2!)
  EXPECT_EQ(found, expected);
  engine::StrategyReport report;
  strategy->describe(&report);
  EXPECT_FALSE(report.incomplete);
}

TEST_P(Bounded, StopsAtItsHighestBoundAndSaysSo) {
  Program program = three_threads();
  const auto strategy = make(2);
  std::size_t runs = 0;
  while (!program.run(*strategy, runs).empty()) ++runs;
  std::string order = "112233";
  std::size_t expected = 0;
  do {
    expected += cost(order, GetParam()) <= 2;
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(runs, expected);
  EXPECT_LT(runs, 90u);
  engine::StrategyReport report;
  strategy->describe(&report);
  EXPECT_TRUE(report.incomplete);
  EXPECT_STREQ(report.guarantee, GetParam() ? "all schedules with at most 2 delays were run"
                                            : "all schedules with at most 2 preemptions were run");
}

TEST_P(Bounded, GoesOnAfterARunThatEndedItsProcess) {
  Program program = three_threads();
  const auto strategy = make(1000);
  std::set<std::string> seen;
  for (std::size_t run = 0;; ++run) {
    if (run % 3 == 1) {
      // As when a process dies: the run's end is not told.
      class Dying final : public engine::Strategy {
       public:
        explicit Dying(engine::Strategy& inner) : inner_(inner) {}
        const char* name() const override { return "dying"; }
        bool begin_run(std::uint64_t number) override { return inner_.begin_run(number); }
        unsigned pick_thread(const engine::ThreadChoice& choice) override {
          return inner_.pick_thread(choice);
        }
        unsigned pick_outcome(const engine::Operation& operation, unsigned count) override {
          return inner_.pick_outcome(operation, count);
        }

       private:
        engine::Strategy& inner_;
      } dying(*strategy);
      const std::string order = program.run(dying, run);
      if (order.empty()) break;
      EXPECT_TRUE(seen.insert(order).second);
      continue;
    }
    const std::string order = program.run(*strategy, run);
    if (order.empty()) break;
    EXPECT_TRUE(seen.insert(order).second);
  }
  EXPECT_EQ(seen.size(), 90u);
}

TEST_P(Bounded, PartsAreTheWholeAndDisjointButForTheScheduleWithoutDeviations) {
  constexpr unsigned kParts = 3;
  std::map<std::string, unsigned> seen;
  std::uint64_t executions = 0;
  for (unsigned part = 0; part < kParts; ++part) {
    Program program = three_threads();
    const Parameters with{.shard = part, .shards = kParts};
    const auto strategy = GetParam() ? make_delay(with) : make_preemption(with);
    for (std::size_t run = 0;; ++run) {
      const std::string order = program.run(*strategy, run);
      if (order.empty()) break;
      ++seen[order];
    }
    engine::SearchStatistics statistics;
    ASSERT_TRUE(strategy->statistics(&statistics));
    executions += statistics.executions;
    EXPECT_EQ(statistics.blocked, 0u);
  }
  EXPECT_EQ(executions, 90u);
  EXPECT_EQ(seen.size(), 90u);
  for (const auto& [order, times] : seen) EXPECT_EQ(times, order == "112233" ? kParts : 1) << order;
}

TEST_P(Bounded, BeginsAnewWhenAccessesBecomeOperations) {
  Program program = three_threads();
  const auto strategy = make(1000);
  for (std::size_t run = 0; run < 7; ++run) program.run(*strategy, run);
  strategy->use_racy_sites(1);
  std::set<std::string> seen;
  for (std::size_t run = 7;; ++run) {
    const std::string order = program.run(*strategy, run);
    if (order.empty()) break;
    EXPECT_TRUE(seen.insert(order).second);
    strategy->use_racy_sites(1);
  }
  EXPECT_EQ(seen.size(), 90u);
}

INSTANTIATE_TEST_SUITE_P(Costs, Bounded, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "delay" : "preemption"; });

}  // namespace
}  // namespace chicane::strategies
