// SPDX-License-Identifier: Apache-2.0
//
// What an exploration says of itself: what was proven, how much was seen, which bound held.
#include <gmock/gmock.h>

#include <atomic>
#include <cassert>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "expect.h"

namespace chicane::tests {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Two threads, two increments each, all independent of one another but for the last.
void two_threads() {
  std::atomic<int> a{0}, b{0}, both{0};
  together([&] { a = 1, both = 1; }, [&] { b = 1, both = 2; });
}

Result explored(Strategy strategy, std::uint64_t schedules = 200) {
  Options with = options(schedules);
  with.strategy = strategy;
  return explore(&two_threads, with);
}

TEST(Statistics, SamplingCountsDistinctBehaviours) {
  for (const Strategy strategy : {Strategy::kUrw, Strategy::kRandom, Strategy::kPos}) {
    const Result result = explored(strategy);
    EXPECT_EQ(result.distinct_behaviours, 2u) << to_string(strategy);
    EXPECT_THAT(result.summary, StartsWith("2 distinct behaviours in 200 schedules"));
    EXPECT_FALSE(result.exhausted);
  }
}

TEST(Statistics, SharesOfSeveralJobsAreCountedOnce) {
  Options with = options(200);
  with.strategy = Strategy::kRandom;
  with.jobs = 3;
  EXPECT_EQ(explore(&two_threads, with).distinct_behaviours, 2u);
}

TEST(Statistics, PctTellsItsBound) {
  const Result result = explored(Strategy::kPct);
  EXPECT_GT(result.bound, 0);
  EXPECT_LT(result.bound, 0.5);
  EXPECT_THAT(result.guarantee, HasSubstr("a bug of depth 3 had a probability of at least"));
  EXPECT_THAT(result.summary, HasSubstr(result.guarantee));
}

TEST(Statistics, UrwTellsItsBound) {
  const Result result = explored(Strategy::kUrw);
  EXPECT_GT(result.bound, 0);
  EXPECT_LT(result.bound, 0.2);
  EXPECT_THAT(result.guarantee, HasSubstr("an interleaving of the operations seen"));
}

/// Hits of so many that were promised: less than that by chance once in a thousand.
void expect_at_least(double promised, double hits, const std::string& what) {
  EXPECT_GE(hits, promised - 3.1 * std::sqrt(promised)) << what << ", promised " << promised;
}

// The bug needs two orderings: the reader comes after `first = 1` and before `second = 1`.
TEST(Statistics, PctKeepsWhatItTells) {
  const Tally tally;
  const auto program = [&tally] {
    std::atomic<int> first{0}, second{0}, other{0};
    together([&] { first = 1, second = 1; },
             [&] {
               const int seen = second;
               if (first == 1 && seen == 0 && second == 0) tally.count(0);
             },
             [&] { other = 1, other = 2, other = 3; });
  };
  double promised = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Options with = options(200);
    with.strategy = Strategy::kPct;
    with.pct_depth = 2;
    with.seed = seed;
    const Result result = explore(program, with);
    ASSERT_GT(result.bound, 0);
    promised += result.bound * static_cast<double>(result.runs);
  }
  EXPECT_GT(promised, 20);  // else the test could not fail
  expect_at_least(promised, static_cast<double>(tally[0]), "a bug of depth 2");
}

// Which two of four places in the order are the first thread's.
TEST(Statistics, UrwKeepsWhatItTells) {
  const Tally tally;
  const auto program = [&tally] {
    std::atomic<int> place{0};
    int first = 0, second = 0;
    together([&] { first = place++, second = place++; }, [&] { place++, place++; });
    tally.count(4 * first + second);
  };
  double promised = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Options with = options(200);
    with.strategy = Strategy::kUrw;
    with.seed = seed;
    const Result result = explore(program, with);
    ASSERT_GT(result.bound, 0);
    promised += result.bound * static_cast<double>(result.runs);
  }
  EXPECT_GT(promised, 20);
  for (int first = 0; first < 4; ++first) {
    for (int second = first + 1; second < 4; ++second) {
      expect_at_least(promised, static_cast<double>(tally[4 * first + second]),
                      std::to_string(first) + " and " + std::to_string(second));
    }
  }
}

TEST(Statistics, ExhaustedBoundsAreProofs) {
  for (const Strategy strategy : {Strategy::kDelay, Strategy::kPreemption}) {
    const Result result = explored(strategy, 10000);
    EXPECT_TRUE(result.exhausted) << to_string(strategy);
    EXPECT_EQ(result.executions, result.runs) << to_string(strategy);
    EXPECT_EQ(result.summary, "proven: all " + std::to_string(result.runs) +
                                  " interleavings, 2 distinct behaviours in " +
                                  std::to_string(result.runs) + " schedules");
    EXPECT_EQ(result.distinct_behaviours, 2u);
    EXPECT_LT(result.runs, 100u);
  }
}

TEST(Statistics, ThePortfolioProvesASmallProgramCorrect) {
  const Result result = explored(Strategy::kPortfolio, 400);
  EXPECT_TRUE(result.exhausted);
  EXPECT_EQ(result.estimate, 2);
  EXPECT_EQ(result.summary, "proven: all 2 interleavings, 2 distinct behaviours in " +
                                std::to_string(result.runs) + " schedules");
  EXPECT_LT(result.runs, 50u);  // what is proven needs no more of them
}

// By the reduction: in so few schedules no search runs all that there are without one.
TEST(Statistics, JobsProveTogetherWhatOneDoes) {
  Options with = options(1000);
  const auto program = [] {
    std::mutex mutex;
    const auto lock_twice = [&] {
      for (int i = 0; i < 2; ++i) const std::lock_guard guard(mutex);
    };
    together(lock_twice, lock_twice, lock_twice);
  };
  for (with.jobs = 1; with.jobs <= 3; ++with.jobs) {
    const Result result = explore(program, with);
    EXPECT_TRUE(result.exhausted) << with.jobs;
    EXPECT_EQ(result.estimate, 90) << with.jobs;
    EXPECT_THAT(result.summary, StartsWith("proven: all 90 interleavings")) << with.jobs;
  }
}

// Every eighth run lets waits return without a signal: none of the search's, in whatever job.
TEST(Statistics, JobsProveTogetherWhatWaits) {
  const auto program = [] {
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    const auto wait = [&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return ready; });
    };
    together(wait, wait, [&] {
      const std::lock_guard guard(mutex);
      ready = true;
      changed.notify_all();
    });
  };
  Options with = options(2000);
  const Result alone = explore(program, with);
  ASSERT_TRUE(alone.exhausted);
  for (with.jobs = 2; with.jobs <= 5; ++with.jobs) {
    const Result result = explore(program, with);
    EXPECT_TRUE(result.exhausted) << with.jobs;
    EXPECT_EQ(result.estimate, alone.estimate) << with.jobs;
  }
}

// What one job has run is no bound of what all have.
TEST(Statistics, JobsThatAreNotAtTheirEndHaveNotRunAll) {
  for (const Strategy strategy : {Strategy::kDelay, Strategy::kPreemption}) {
    const Result whole = explored(strategy, 10000);
    Options with = options(10000);
    with.strategy = strategy;
    for (with.jobs = 2; with.jobs <= 4; ++with.jobs) {
      with.schedules = 10000;
      const Result all = explore(&two_threads, with);
      EXPECT_TRUE(all.exhausted);
      EXPECT_EQ(all.executions, whole.executions) << with.jobs;
      EXPECT_EQ(all.estimate, static_cast<double>(whole.executions)) << with.jobs;
      // Some part lacks a run.
      for (with.schedules = with.jobs; with.schedules < whole.executions; with.schedules += 7) {
        const Result part = explore(&two_threads, with);
        EXPECT_FALSE(part.exhausted) << with.jobs << " jobs, " << with.schedules;
        EXPECT_THAT(part.summary, Not(HasSubstr("all interleavings")));
      }
    }
  }
}

TEST(Statistics, ShardsOfABoundAreTheWholeAndSayThatTheyAreParts) {
  for (const Strategy strategy : {Strategy::kDelay, Strategy::kPreemption}) {
    const Result whole = explored(strategy, 10000);
    Options with = options(10000);
    with.strategy = strategy;
    with.shards = 3;
    std::uint64_t sum = 0;
    for (with.shard = 0; with.shard < with.shards; ++with.shard) {
      with.jobs = with.shard + 1;
      const Result part = explore(&two_threads, with);
      EXPECT_FALSE(part.exhausted);
      EXPECT_EQ(part.guarantee, std::string("all interleavings of this shard (by ") +
                                    to_string(strategy) + "s) were run");
      sum += part.executions;
    }
    EXPECT_EQ(sum, whole.executions) << to_string(strategy);
  }
}

TEST(Statistics, ThePortfolioGivesNoEstimateThatNothingHolds) {
  Options with = options(300);
  const Result result = explore(
      [] {
        std::atomic<int> x{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 16; ++i) threads.emplace_back([&] { x.load(); });
        threads.emplace_back([&] { x = 1; });
        for (std::thread& thread : threads) thread.join();
      },
      with);
  EXPECT_FALSE(result.exhausted);
  EXPECT_EQ(result.estimate, 0);
  EXPECT_GT(result.executions, 0u);
}

TEST(Statistics, ThePortfolioSaysHowFarItCame) {
  const Result result = explored(Strategy::kPortfolio, 20);
  EXPECT_FALSE(result.exhausted);
  EXPECT_THAT(result.summary, StartsWith("2 distinct behaviours in 20 schedules"));
}

TEST(Statistics, ALowBoundIsNoProof) {
  Options with = options(10000);
  with.strategy = Strategy::kDelay;
  with.bound = 1;
  const Result result = explore(&two_threads, with);
  EXPECT_FALSE(result.exhausted);
  EXPECT_THAT(result.summary, HasSubstr("all schedules with at most 1 delay were run"));
}

TEST(Statistics, WhatFairnessLeavesOutIsNoProof) {
  const auto spin = [] {
    std::atomic<bool> done{false};
    together(
        [&] {
          while (!done) std::this_thread::yield();
        },
        [&] { done = true; });
  };
  Options with = options(10000);
  with.strategy = Strategy::kPreemption;
  EXPECT_FALSE(explore(spin, with).exhausted);
  with.strategy = Strategy::kPct;
  EXPECT_THAT(explore(spin, with).guarantee, EndsWith("as far as no thread spins"));
}

/// `count` readers and a writer: 2^count behaviours.
void readers_and_a_writer(int count) {
  std::atomic<int> x{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&] { x.load(); });
  threads.emplace_back([&] { x = 1; });
  for (std::thread& thread : threads) thread.join();
}

TEST(Statistics, JobsAndShardsOfAReductionAreTheWhole) {
  Options with = options(10000);
  with.strategy = Strategy::kDpor;
  const auto program = [] { readers_and_a_writer(5); };
  for (with.jobs = 1; with.jobs <= 3; ++with.jobs) {
    const Result result = explore(program, with);
    EXPECT_TRUE(result.exhausted) << with.jobs;
    EXPECT_EQ(result.estimate, 32) << with.jobs;
  }
  with.jobs = 1;
  with.shards = 2;
  double sum = 0;
  for (with.shard = 0; with.shard < 2; ++with.shard) {
    const Result result = explore(program, with);
    EXPECT_EQ(result.ended_by, "exhausted");
    EXPECT_FALSE(result.exhausted) << "a part proves nothing";
    EXPECT_THAT(result.summary, HasSubstr("of this shard, which is all"));
    sum += result.estimate;
  }
  EXPECT_EQ(sum, 32);
}

TEST(Statistics, TheEstimateIsWithinItsError) {
  Options with = options(16);
  with.strategy = Strategy::kDpor;
  for (const std::uint64_t schedules : {16, 64, 256, 1000}) {
    with.schedules = schedules;
    const Result result = explore([] { readers_and_a_writer(10); }, with);
    EXPECT_FALSE(result.exhausted);
    EXPECT_GT(result.estimate_error, 0);
    EXPECT_NEAR(result.estimate, 1024, 2 * result.estimate_error) << schedules;
    EXPECT_GE(result.estimate, static_cast<double>(schedules));
  }
}

}  // namespace
}  // namespace chicane::tests
