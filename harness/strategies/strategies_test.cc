// SPDX-License-Identifier: Apache-2.0
#include "strategies/strategies.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>

#include "strategies/abstract_program.h"

namespace chicane::strategies {
namespace {

using engine::ChoiceRecord;
using engine::OpKind;
using engine::Outcome;
using engine::Thread;
using engine::ThreadChoice;

// All is as a new thread's: at its start, holding nothing.
std::array<Thread*, 3> three_threads() {
  static std::array<Thread, 3> threads;
  std::array<Thread*, 3> pointers{};
  for (unsigned i = 0; i < 3; ++i) {
    engine::ThreadDouble::announce(&threads[i], i, {.kind = OpKind::kThreadStart});
    pointers[i] = &threads[i];
  }
  return pointers;
}

// What a strategy answers in one run of `length` choices between the same three threads.
std::string picks(engine::Strategy& strategy, std::uint64_t run, unsigned length) {
  const auto threads = three_threads();
  std::string text;
  EXPECT_TRUE(strategy.begin_run(run));
  int current = 0;
  for (unsigned i = 0; i < length; ++i) {
    const ThreadChoice choice{threads, static_cast<engine::ThreadId>(current), current, i + 1};
    const unsigned picked = strategy.pick_thread(choice);
    EXPECT_LT(picked, threads.size());
    current = static_cast<int>(picked);
    text += static_cast<char>('0' + picked);
  }
  strategy.end_run(length);
  return text;
}

std::size_t switches(const std::string& text) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < text.size(); ++i) count += text[i] != text[i - 1];
  return count;
}

constexpr std::array<const char*, 12> kNames = {
    "portfolio",  "random",          "pct",         "pos",      "urw", "surw", "delay", "directed",
    "preemption", "few-preemptions", "round-robin", "latecomer"};

TEST(Strategies, SameSeedSameRuns) {
  for (const char* name : kNames) {
    const auto one = make_strategy(name, {.seed = 7}, nullptr);
    const auto two = make_strategy(name, {.seed = 7}, nullptr);
    ASSERT_NE(one, nullptr) << name;
    EXPECT_STREQ(one->name(), name);
    for (std::uint64_t run = 0; run < 20; ++run) {
      EXPECT_EQ(picks(*one, run, 40), picks(*two, run, 40)) << name << " run " << run;
    }
  }
}

TEST(Strategies, SeedsAndRunsDiffer) {
  for (const char* name : {"portfolio", "random", "pct", "pos", "urw", "surw"}) {
    const auto one = make_strategy(name, {.seed = 7}, nullptr);
    const auto two = make_strategy(name, {.seed = 8}, nullptr);
    int same = 0;
    for (std::uint64_t run = 1; run < 30; ++run) {
      same += picks(*one, run, 40) == picks(*two, run, 40);
    }
    EXPECT_LT(same, 15) << name;
  }
}

TEST(Strategies, UnknownNameSaysWhichThereAre) {
  std::string error;
  EXPECT_EQ(make_strategy("pctt", {}, &error), nullptr);
  EXPECT_NE(error.find("'pctt'"), std::string::npos);
  EXPECT_NE(error.find("portfolio"), std::string::npos);
}

TEST(Random, IsUniform) {
  const auto strategy = make_random(1);
  const std::string text = picks(*strategy, 0, 30000);
  for (const char c : {'0', '1', '2'}) {
    EXPECT_NEAR(static_cast<double>(std::count(text.begin(), text.end(), c)), 10000, 500);
  }
}

TEST(Pct, SwitchesAtMostAtItsChangePoints) {
  for (unsigned depth = 1; depth <= 4; ++depth) {
    const auto strategy = make_pct(3, depth);
    std::size_t most = 0;
    for (std::uint64_t run = 0; run < 200; ++run) {
      most = std::max(most, switches(picks(*strategy, run, 50)));
    }
    EXPECT_LE(most, depth - 1);
    if (depth > 1) EXPECT_GE(most, 1u);
  }
}

TEST(Pct, EveryThreadMayGoFirst) {
  const auto strategy = make_pct(3, 1);
  std::map<char, int> first;
  for (std::uint64_t run = 0; run < 300; ++run) ++first[picks(*strategy, run, 1)[0]];
  EXPECT_EQ(first.size(), 3u);
  for (const auto& [thread, count] : first) EXPECT_GT(count, 60) << thread;
}

TEST(FewPreemptions, MostlyStays) {
  const auto strategy = make_few_preemptions(5);
  for (std::uint64_t run = 0; run < 100; ++run) {
    EXPECT_LE(switches(picks(*strategy, run, 100)), 4u);
  }
}

// Without events there is no conflict to reverse: `directed` leaves its runs to `pos`. The uniform
// walks learn from earlier runs, and so cannot be told by their answers.
TEST(Portfolio, OpensWithEachOfItsStrategies) {
  constexpr std::uint64_t kSeed = 7;
  const auto portfolio = make_strategy("portfolio", {.seed = kSeed}, nullptr);
  const auto pos = make_pos(kSeed), few = make_few_preemptions(kSeed);
  const auto pct2 = make_pct(kSeed, 2), pct = make_pct(kSeed, 3), random = make_random(kSeed);
  const std::map<std::uint64_t, engine::Strategy*> opening = {
      {1, pos.get()},  {2, pos.get()},  {3, pos.get()},    {4, pos.get()},  {5, few.get()},
      {6, pos.get()},  {7, pct2.get()}, {8, pos.get()},    {10, pos.get()}, {12, pos.get()},
      {13, pct.get()}, {14, pos.get()}, {15, random.get()}};
  EXPECT_EQ(picks(*portfolio, 0, 6), "120120");
  for (std::uint64_t run = 1; run < 16; ++run) {
    const std::string answers = picks(*portfolio, run, 40);
    const auto own = opening.find(run);
    if (own != opening.end()) EXPECT_EQ(answers, picks(*own->second, run, 40)) << "run " << run;
  }
}

TEST(Portfolio, GoesOnWithEachOfThemInTurn) {
  constexpr std::uint64_t kSeed = 7;
  const auto portfolio = make_strategy("portfolio", {.seed = kSeed}, nullptr);
  const auto pos = make_pos(kSeed), random = make_random(kSeed);
  unsigned of_pos = 0, of_random = 0;
  std::size_t busy = 0, calm = 0;  // few preemptions, PCT and the exhaustive search hardly switch
  for (std::uint64_t run = 0; run < 16 + 96; ++run) {
    const std::string answers = picks(*portfolio, run, 60);
    if (run < 16) continue;
    of_pos += answers == picks(*pos, run, 60);
    of_random += answers == picks(*random, run, 60);
    (switches(answers) > 20 ? busy : calm) += 1;
  }
  // Of 96 runs 24 are given out in turn, three to each of eight; `directed` leaves its own to pos.
  EXPECT_GE(of_pos, 6u);
  EXPECT_GE(of_random, 3u);
  EXPECT_GT(busy, 15u);
  EXPECT_GT(calm, 30u);
}

ChoiceRecord thread_choice(std::uint32_t id) {
  ChoiceRecord record{};
  record.chosen = id;
  record.alternatives = 3;
  record.kind = OpKind::kThreadStart;
  return record;
}

TEST(Replay, FollowsAndThenStays) {
  Replay replay({thread_choice(2), thread_choice(0), thread_choice(1)});
  EXPECT_EQ(picks(replay, 0, 6), "201111");
  EXPECT_FALSE(replay.status().diverged);
  EXPECT_EQ(replay.used(), 3u);
  EXPECT_EQ(picks(replay, 1, 3), "201");  // again from the start
}

TEST(Replay, ThreadThatIsNotEnabled) {
  Replay replay({thread_choice(2), thread_choice(7), thread_choice(1)});
  EXPECT_EQ(picks(replay, 0, 4), "2000");
  EXPECT_TRUE(replay.status().diverged);
  EXPECT_EQ(replay.status().position, 1u);
  EXPECT_EQ(replay.status().step, 2u);
  EXPECT_EQ(replay.status().expected.chosen, 7u);
  EXPECT_EQ(replay.status().found,
            "only thread 0 before start, thread 1 before start, thread 2 before start");
}

TEST(Replay, OtherOperation) {
  ChoiceRecord lock = thread_choice(1);
  lock.kind = OpKind::kLock;
  Replay replay({lock});
  picks(replay, 0, 1);
  EXPECT_EQ(replay.status().found, "thread 1 before start");
}

TEST(Replay, RunThatEndsBeforeItsSchedule) {
  Replay replay({thread_choice(1), thread_choice(1)});
  picks(replay, 0, 1);
  replay.end_run(1);
  EXPECT_TRUE(replay.status().diverged);
  EXPECT_EQ(replay.status().position, 1u);
  EXPECT_EQ(replay.status().found, "the end of the run");
}

TEST(Replay, Outcomes) {
  ChoiceRecord select{};
  select.chosen = 1;
  select.alternatives = 2;
  select.kind = OpKind::kSelect;
  select.is_outcome = 1;
  Replay replay({select, select, select});
  replay.begin_run(0);
  EXPECT_EQ(replay.pick_outcome({.kind = OpKind::kSelect}, 2), 1u);
  EXPECT_EQ(replay.pick_outcome({.kind = OpKind::kSelect}, 3), 1u);  // more of them is no misfit
  EXPECT_EQ(replay.pick_outcome({.kind = OpKind::kCondSignal}, 2), 0u);
  EXPECT_EQ(replay.status().position, 2u);
  EXPECT_EQ(replay.status().found, "a choice between 2 outcomes of signal");

  select.chosen = 5;
  Replay too_many({select});
  too_many.begin_run(0);
  EXPECT_EQ(too_many.pick_outcome({.kind = OpKind::kSelect}, 2), 0u);
  EXPECT_EQ(too_many.status().found, "a choice between 2 outcomes of select");
}

TEST(Replay, OutcomeWhereAThreadIsDue) {
  Replay replay({thread_choice(1)});
  replay.begin_run(0);
  EXPECT_EQ(replay.pick_outcome({.kind = OpKind::kSelect}, 2), 0u);
  EXPECT_TRUE(replay.status().diverged);
}

TEST(Steer, KnowsTheWantedAcquisition) {
  const int a = 0, b = 0, site_a = 0, site_b = 0, elsewhere = 0;
  const SteerRole role{&a, &site_a, &b, &site_b};
  const std::array<engine::HeldLock, 1> holds_a{{{&a, &site_a, 1, false}}};
  const engine::Operation wants_b{.kind = OpKind::kLock, .object = &b, .site = &elsewhere};
  EXPECT_TRUE(at_wanted_acquisition(role, wants_b, holds_a));
  EXPECT_FALSE(at_wanted_acquisition(role, wants_b, {}));
  EXPECT_FALSE(at_wanted_acquisition(role, {.kind = OpKind::kUnlock, .object = &b, .site = &site_b},
                                     holds_a));

  // Other addresses in this run, but the same places.
  const int other_a = 0, other_b = 0;
  const std::array<engine::HeldLock, 1> holds_other{{{&other_a, &site_a, 1, false}}};
  const engine::Operation wants_other{.kind = OpKind::kLock, .object = &other_b, .site = &site_b};
  EXPECT_TRUE(at_wanted_acquisition(role, wants_other, holds_other));

  // A guard's constructor is everybody's site.
  const SteerRole guarded{&a, &site_a, &b, &site_a};
  const engine::Operation wants_guarded{.kind = OpKind::kLock, .object = &other_b, .site = &site_a};
  EXPECT_FALSE(at_wanted_acquisition(guarded, wants_guarded, holds_other));
}

TEST(Steer, WithoutAnybodyToHoldBackItIsARandomWalk) {
  const auto strategy = make_steer(1, {});
  const std::string text = picks(*strategy, 0, 3000);
  for (const char c : {'0', '1', '2'}) {
    EXPECT_NEAR(static_cast<double>(std::count(text.begin(), text.end(), c)), 1000, 150);
  }
}

}  // namespace
}  // namespace chicane::strategies
