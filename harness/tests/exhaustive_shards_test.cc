// SPDX-License-Identifier: Apache-2.0
//
// The shards of an exhaustive search: together they are the whole, no trace is run by two of them,
// and each is the same whenever it is run.
#include <gtest/gtest.h>
#include <semaphore.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "tests/exhaust.h"
#include "tests/random_programs.h"
#include "tests/reference_programs.h"

namespace chicane::tests {
namespace {

constexpr std::uint64_t kMostRuns = 20'000;

struct Case {
  const char* name;
  std::function<void()> program;
};

/// Only in later runs is there anything that acts by being announced: not all shards see it.
void late_announcements() {
  std::atomic<int> x{0};
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  std::thread posts([&] {
    if (x == 1) sem_post(&semaphore);
  });
  std::thread waits([&] {
    if (x == 1) sem_trywait(&semaphore);
  });
  std::thread sets([&] { x = 1; });
  for (std::thread* thread : {&posts, &waits, &sets}) thread->join();
}

/// Only the part in which main comes first has them, and it is the other way round when main is not
/// held up by births any more: which part is whose is settled before.
void announcements_of_one_part() {
  std::atomic<int> x{0};
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  std::thread posts([&] {
    if (x == 1) sem_post(&semaphore);
  });
  x = 1;
  posts.join();
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"readers(8)", [] { readers(8); }},
      {"lost_update(3)", [] { lost_update(3); }},
      {"mutex(3,2)", [] { locked_increments(3, 2); }},
      {"store_buffering", [] { store_buffering(); }},
      {"lastzero(5)", [] { last_zero(5); }},
      {"indexer(12)", [] { indexer(12); }},
      {"filesystem(16)", [] { filesystem(16); }},
      {"channels",
       [program = parse_program("send0 receive0 | receive0 | try-receive0 send0")] {
         run_program(program);
       }},
      {"late", &late_announcements},
      {"late in one part", &announcements_of_one_part},
      {"one", [] { locked_increments(1, 1); }},
  };
  return all;
}

std::vector<std::uint64_t> sorted(std::vector<std::uint64_t> traces) {
  std::sort(traces.begin(), traces.end());
  return traces;
}

void expect_parts(const Case& of, const std::string& strategy, unsigned shards,
                  std::size_t remembered = Exhaustion().remembered) {
  const std::string what = of.name + (" by " + strategy + " in ") + std::to_string(shards);
  const Exhausted whole = exhaust(of.program, {.strategy = strategy}, kMostRuns);
  if (!whole.done) return;  // too large
  std::vector<std::uint64_t> together;
  std::uint64_t runs = 0;
  for (unsigned shard = 0; shard < shards; ++shard) {
    const Exhaustion part{.strategy = strategy,
                          .shard = shard,
                          .shards = shards,
                          .remembered = remembered,
                          .racy_sites = {}};
    const Exhausted result = exhaust(of.program, part, kMostRuns);
    EXPECT_TRUE(result.done) << what;
    together.insert(together.end(), result.traces.begin(), result.traces.end());
    runs += result.traces.size() + result.given_up;
    if (shard == 0) EXPECT_EQ(exhaust(of.program, part, kMostRuns).traces, result.traces) << what;
  }
  EXPECT_EQ(sorted(together), sorted(whole.traces)) << what;
  // One to learn the gates from, and few that turn out to be another's.
  if (strategy == "dpor") EXPECT_LE(runs, 2 * whole.traces.size() + 2 * shards) << what;
}

TEST(ExhaustiveShards, OfTheReductionAreTheWhole) {
  for (const Case& of : cases()) {
    for (const unsigned shards : {2U, 3U, 7U}) expect_parts(of, "dpor", shards);
    expect_parts(of, "dpor", 3, 0);
  }
}

TEST(ExhaustiveShards, OfRandomProgramsAreTheWhole) {
  const char* wanted = std::getenv("CHICANE_RANDOM_PROGRAMS");
  const std::uint64_t count = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 25;
  for (std::uint64_t seed = 0; seed < count; ++seed) {
    const Program program = make_program(seed);
    const std::string name = "seed " + std::to_string(seed) + ": " + describe(program);
    const Case of{name.c_str(), [program] { run_program(program); }};
    expect_parts(of, "dpor", 3);
    expect_parts(of, "dpor", 3, 0);
  }
}

// What a gate rules out is not tried: neither that who has to wait there comes before what the
// other comes after, nor that who waits at the end of a run did; nor a part whose gates wait for
// one another. By counting: each part makes one run to learn the gates from, and some end where all
// are held whose turn it is.
TEST(ExhaustiveShards, WhatAGateRulesOutIsNotTried) {
  const struct {
    const char* program;
    unsigned shards;
    std::size_t runs, stopped;
  } kPrograms[] = {
      {"timed-select0 send0 | timed-select0 | send1", 2, 12, 0},
      {"sleep0 locked0 sleep0 | sleep0 locked0", 2, 19, 0},
      {"mixed-select0 mixed-select1 | cancel0 mixed-select1 | mixed-select1 cancel1", 2, 84, 8},
      {"timed-lock0 | sem-wait1 | wait1 timed-lock0", 3, 6, 0},
  };
  for (const auto& [text, shards, runs, stopped] : kPrograms) {
    const Program program = parse_program(text);
    const auto body = [&program] { run_program(program); };
    for (const std::size_t remembered : {Exhaustion().remembered, std::size_t{0}}) {
      std::size_t executions = 0, given_up = 0;
      for (unsigned shard = 0; shard < shards; ++shard) {
        const Exhausted part = exhaust(
            body, {.shard = shard, .shards = shards, .remembered = remembered, .racy_sites = {}},
            kMostRuns);
        executions += part.traces.size();
        given_up += part.given_up;
      }
      EXPECT_EQ(executions, runs) << text << ", " << remembered;
      EXPECT_EQ(given_up, shards + stopped) << text << ", " << remembered;
    }
  }
}

// 2^9 and 2^12 runs; the memory of one run more or less, when what is remembered is bounded.
// Oracle: the number of traces, as with all memory.
TEST(ExhaustiveMemory, DoesNotGrowWithTheRuns) {
  constexpr std::size_t kRemembered = 100;
  const Exhausted small = exhaust([] { readers(9); }, {.remembered = kRemembered}, kMostRuns);
  const Exhausted large = exhaust([] { readers(12); }, {.remembered = kRemembered}, kMostRuns);
  EXPECT_TRUE(small.done && large.done);
  EXPECT_EQ(small.distinct().size(), 512u);
  EXPECT_EQ(large.distinct().size(), 4096u);
  EXPECT_EQ(large.traces.size(), 4096u);
  EXPECT_EQ(large.given_up, 0u);
  EXPECT_LT(large.most_memory, 2 * small.most_memory);
  std::printf("%zu and %zu bytes\n", small.most_memory, large.most_memory);
}

TEST(ExhaustiveMemory, WithoutItNoRunIsLostOrGivenUp) {
  const struct {
    const char* name;
    std::size_t executions;
    std::function<void()> program;
  } kPrograms[] = {
      {"mutex(3,3)", 1680, [] { locked_increments(3, 3); }},
      {"mutex(4,2)", 2520, [] { locked_increments(4, 2); }},
      {"readers(10)", 1024, [] { readers(10); }},
      {"lastzero(5)", 64, [] { last_zero(5); }},
      {"lastzero(10)", 3328, [] { last_zero(10); }},
      {"indexer(14)", 512, [] { indexer(14); }},
      {"filesystem(18)", 32, [] { filesystem(18); }},
      {"lost_update(4)", 576, [] { lost_update(4); }},
      {"store_buffering", 3, [] { store_buffering(); }},
  };
  for (const auto& of : kPrograms) {
    const Exhausted result = exhaust(of.program, {.remembered = 0}, kMostRuns);
    EXPECT_TRUE(result.done) << of.name;
    EXPECT_EQ(result.distinct().size(), of.executions) << of.name;
    EXPECT_EQ(result.traces.size(), of.executions) << of.name;
    EXPECT_EQ(result.given_up, 0u) << of.name;
  }
}

// 2^12 sequences wait at one step, of 13 threads: what each of them does is kept once.
TEST(ExhaustiveMemory, SequencesShareTheirSteps) {
  constexpr std::size_t kMostOfASequence = 64;  // bytes
  const Exhausted few = exhaust([] { readers(9); }, {}, kMostRuns);
  const Exhausted many = exhaust([] { readers(13); }, {}, kMostRuns);
  EXPECT_EQ(many.distinct().size(), 8192u);
  EXPECT_LT(many.most_memory - few.most_memory, kMostOfASequence * 4096);
  std::printf("%zu and %zu bytes\n", few.most_memory, many.most_memory);
}

TEST(ExhaustiveShards, OfTheEnumerationAreTheWhole) {
  for (const std::size_t i : {1, 3, 7}) {
    for (const unsigned shards : {2U, 5U}) expect_parts(cases()[i], "dfs", shards);
  }
}

/// What part of their time so many shards are at work, if all begin at once: what the one that has
/// the most to do has beyond its share, all others wait for.
double balance(const Case& of, unsigned shards) {
  double most = 0, executions = 0;
  for (unsigned shard = 0; shard < shards; ++shard) {
    const Exhaustion part{.shard = shard, .shards = shards, .racy_sites = {}};
    const Exhausted result = exhaust(of.program, part, kMostRuns);
    executions += static_cast<double>(result.traces.size());
    most = std::max(most, static_cast<double>(result.traces.size() + result.given_up));
  }
  return executions / (shards * most);
}

TEST(ExhaustiveShards, TwoHaveTheSameToDo) {
  const Case kCases[] = {{"readers(10)", [] { readers(10); }},
                         {"lost_update(4)", [] { lost_update(4); }},
                         {"mutex(3,3)", [] { locked_increments(3, 3); }},
                         {"mutex(4,2)", [] { locked_increments(4, 2); }},
                         {"indexer(14)", [] { indexer(14); }},
                         {"lastzero(8)", [] { last_zero(8); }}};
  constexpr double kLeastBalance = 0.9;
  for (const Case& of : kCases) EXPECT_GE(balance(of, 2), kLeastBalance) << of.name;
}

// Three threads make one pair, and a gate that no other depends on.
TEST(ExhaustiveShards, MoreShardsThanPairsOfThreads) {
  constexpr double kLeastBalance = 0.7;
  EXPECT_GE(balance({"mutex(3,3)", [] { locked_increments(3, 3); }}, 4), kLeastBalance);
}

}  // namespace
}  // namespace chicane::tests
