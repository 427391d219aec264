// SPDX-License-Identifier: Apache-2.0
//
// The oracle is a small machine: threads are lists of instructions on counters and locks, and its
// scheduler asks for a choice exactly when the engine would, when two threads or more can go on.
#include "witness/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace chicane::witness {
namespace {

/// An instruction: 'r' and 'w' read and write the counter (w stores what was read, plus one),
/// 'a'..'d' lock that lock, 'A'..'D' unlock it, '.' does nothing, '?' has three outcomes and needs
/// the last for `chosen_outcome`.
struct Machine {
  std::vector<std::string> threads;
  int expected = 0;

  struct Run {
    Choices choices;
    int counter = 0;
    bool deadlock = false;
    bool third_outcome = false;
  };

  /// `pick(entry index, enabled, current)` gives a thread's number; `outcome(index)` an outcome.
  template <class Pick, class Outcome>
  Run run(Pick pick, Outcome outcome) const {
    Run result;
    std::vector<std::size_t> at(threads.size(), 0);
    std::vector<int> seen(threads.size(), 0);
    int owner[4] = {-1, -1, -1, -1};
    int current = -1;
    for (;;) {
      std::vector<int> enabled;
      bool all_done = true;
      for (std::size_t t = 0; t < threads.size(); ++t) {
        if (at[t] == threads[t].size()) continue;
        all_done = false;
        const char next = threads[t][at[t]];
        if (next < 'a' || next > 'd' || owner[next - 'a'] < 0) {
          enabled.push_back(static_cast<int>(t));
        }
      }
      if (enabled.empty()) {
        result.deadlock = !all_done;
        return result;
      }
      int chosen = enabled[0];
      if (enabled.size() > 1) {
        chosen = pick(result.choices.size(), enabled, current);
        const bool could = std::find(enabled.begin(), enabled.end(), current) != enabled.end();
        add(&result, chosen, enabled.size(), false, could && chosen != current);
      }
      current = chosen;
      const auto me = static_cast<std::size_t>(chosen);
      const char now = threads[me][at[me]++];
      if (now == 'r') seen[me] = result.counter;
      if (now == 'w') result.counter = seen[me] + 1;
      if (now >= 'a' && now <= 'd') owner[now - 'a'] = chosen;
      if (now >= 'A' && now <= 'D') owner[now - 'A'] = -1;
      if (now == '?') {
        const int which = outcome(result.choices.size());
        add(&result, which, 3, true, false);
        result.third_outcome = result.third_outcome || which == 2;
      }
    }
  }

  static void add(Run* run, int chosen, std::size_t count, bool is_outcome, bool forced) {
    engine::ChoiceRecord record{};
    record.chosen = static_cast<std::uint32_t>(chosen);
    record.alternatives = static_cast<std::uint16_t>(count);
    record.is_outcome = is_outcome ? 1 : 0;
    record.forced = forced ? 1 : 0;
    run->choices.push_back(record);
  }

  Run replay(const Choices& candidate) const {
    return run(
        [&](std::size_t i, const std::vector<int>& enabled, int current) {
          const auto in = [&](int t) {
            return std::find(enabled.begin(), enabled.end(), t) != enabled.end();
          };
          if (i < candidate.size() && candidate[i].is_outcome == 0 &&
              in(static_cast<int>(candidate[i].chosen))) {
            return static_cast<int>(candidate[i].chosen);
          }
          return in(current) ? current : enabled[0];
        },
        [&](std::size_t i) {
          const bool fits =
              i < candidate.size() && candidate[i].is_outcome != 0 && candidate[i].chosen < 3;
          return fits ? static_cast<int>(candidate[i].chosen) : 0;
        });
  }

  Run random_run(std::mt19937* random) const {
    return run([&](std::size_t, const std::vector<int>& enabled,
                   int) { return enabled[(*random)() % enabled.size()]; },
               [&](std::size_t) { return static_cast<int>((*random)() % 3); });
  }
};

/// What a candidate asks for.
std::vector<std::uint32_t> what(const Choices& candidate) {
  std::vector<std::uint32_t> asked;
  for (const engine::ChoiceRecord& choice : candidate) asked.push_back(choice.chosen);
  while (!asked.empty() && asked.back() == kDefaultChoice) asked.pop_back();
  return asked;
}

/// Shrinks the first random run that `wrong` likes, and checks I1 to I5.
template <class Wrong>
Choices shrunk(const Machine& machine, unsigned seed, Wrong wrong,
               const ShrinkLimits& limits = {}) {
  std::mt19937 random(seed);
  Machine::Run initial = machine.random_run(&random);
  while (!wrong(initial)) initial = machine.random_run(&random);
  std::size_t calls = 0;
  std::set<std::vector<std::uint32_t>> asked;
  const ShrinkTest test = [&](const Choices& candidate) -> std::optional<Choices> {
    ++calls;
    Machine::Run run = machine.replay(candidate);
    if (!wrong(run)) return std::nullopt;
    return run.choices;
  };
  const ShrinkTest once = [&](const Choices& candidate) {
    EXPECT_TRUE(asked.insert(what(candidate)).second);  // I4
    return test(candidate);
  };
  const ShrinkResult result = shrink(initial.choices, once, limits);
  EXPECT_EQ(result.tests, calls);
  EXPECT_LE(calls, limits.all);  // I4
  EXPECT_TRUE(result.minimal || limits.all < ShrinkLimits().all);
  if (result.minimal) EXPECT_FALSE(one_switch_less(result.choices, test));  // I5
  EXPECT_LE(cost_of(result.choices), cost_of(initial.choices));             // I2
  EXPECT_TRUE(wrong(machine.replay(result.choices)));                       // I1: it replays
  const ShrinkResult again = shrink(initial.choices, test, limits);         // I3
  EXPECT_EQ(again.choices.size(), result.choices.size());
  EXPECT_EQ(cost_of(again.choices), cost_of(result.choices));
  return result.choices;
}

TEST(Shrink, ALostUpdateNeedsOneForcedSwitch) {
  const Machine machine{{"..rw..rw..", "..rw..rw..", "..........", "...rw..."}, 5};
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const Choices choices =
        shrunk(machine, seed, [&](const Machine::Run& run) { return run.counter < 5; });
    EXPECT_EQ(cost_of(choices).forced, 1u) << "seed " << seed;
  }
}

TEST(Shrink, ADeadlockOfTwoLocksNeedsOneForcedSwitch) {
  const Machine machine{{"..ab..BA..", "..ba..AB..", "....c..C....", "..c.C.c.C"}};
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const Choices choices =
        shrunk(machine, seed, [](const Machine::Run& run) { return run.deadlock; });
    EXPECT_EQ(cost_of(choices).forced, 1u) << "seed " << seed;
  }
}

// One forced switch is enough: one thread takes its first lock and is left, the other two block of
// their own accord. It takes the right order of these, too, which is not always found.
TEST(Shrink, ACircleOfThreeNeedsAtMostTwo) {
  const Machine machine{{".ab.BA", ".bc.CB", ".ca.AC", "......"}};
  std::size_t shortest = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const Choices choices =
        shrunk(machine, seed, [](const Machine::Run& run) { return run.deadlock; });
    EXPECT_LE(cost_of(choices).forced, 2u) << "seed " << seed;
    shortest += cost_of(choices).forced == 1 ? 1 : 0;
  }
  EXPECT_GE(shortest, 15u);
}

TEST(Shrink, OutcomesThatDoNotMatterBecomeTheFirst) {
  const Machine machine{{"..?..?..", "..?.?.."}};
  const Choices choices =
      shrunk(machine, 3, [](const Machine::Run& run) { return run.third_outcome; });
  EXPECT_EQ(cost_of(choices).forced, 0u);
  EXPECT_EQ(cost_of(choices).outcomes, 1u);
}

TEST(Shrink, WhatHappensAlwaysNeedsNothing) {
  const Machine machine{{"....", "....", "...."}};
  const Choices choices = shrunk(machine, 1, [](const Machine::Run&) { return true; });
  EXPECT_EQ(cost_of(choices).forced, 0u);
}

TEST(Shrink, ALimitGivesTheBestSoFarAndSaysSo) {
  const Machine machine{{"..rw..rw..", "..rw..rw..", "..........", "...rw..."}, 5};
  const auto wrong = [](const Machine::Run& run) { return run.counter < 5; };
  std::mt19937 random(7);
  Machine::Run initial = machine.random_run(&random);
  while (!wrong(initial)) initial = machine.random_run(&random);
  const ShrinkTest test = [&](const Choices& candidate) -> std::optional<Choices> {
    Machine::Run run = machine.replay(candidate);
    if (!wrong(run)) return std::nullopt;
    return run.choices;
  };
  const std::size_t enough = shrink(initial.choices, test).tests;
  Cost before = cost_of(initial.choices);
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1}, enough / 4, enough / 2}) {
    const ShrinkResult result = shrink(initial.choices, test, {.search = limit, .all = limit});
    EXPECT_LE(result.tests, limit);
    EXPECT_LE(cost_of(result.choices), before);
    before = cost_of(result.choices);
    if (limit < 2) EXPECT_FALSE(result.minimal);
    if (result.minimal) EXPECT_FALSE(one_switch_less(result.choices, test));
  }
}

// What is asked for in the moment that it is to stop is not answered: at the last test as well.
TEST(Shrink, WhatIsStoppedIsNotSeenToBeMinimal) {
  const Machine machine{{"..rw..rw..", "..rw..rw..", "..........", "...rw..."}, 5};
  std::mt19937 random(7);
  Machine::Run initial = machine.random_run(&random);
  while (initial.counter == 5) initial = machine.random_run(&random);
  std::size_t calls = 0, last = 0;
  const ShrinkTest test = [&](const Choices& candidate) -> std::optional<Choices> {
    if (++calls == last) return std::nullopt;
    Machine::Run run = machine.replay(candidate);
    if (run.counter == 5) return std::nullopt;
    return run.choices;
  };
  const ShrinkLimits limits{.stop = [&] { return last != 0 && calls >= last; }};
  const ShrinkResult whole = shrink(initial.choices, test, limits);
  EXPECT_TRUE(whole.minimal);
  for (last = 1; last <= whole.tests; ++last) {
    calls = 0;
    EXPECT_FALSE(shrink(initial.choices, test, limits).minimal) << last;
    EXPECT_EQ(calls, last);
  }
}

// Wrong is a run with at least so many changes of thread, wherever they are. Where all that remains
// is needed, one test for each is what it takes to see it.
TEST(Shrink, ManySwitchesThatAreNeededCostOneTestEach) {
  const std::string work(120, '.');
  const Machine machine{{work, work, work}};
  for (unsigned seed = 1; seed <= 3; ++seed) {
    std::mt19937 random(seed);
    const Machine::Run initial = machine.random_run(&random);
    const std::size_t at_first = cost_of(initial.choices).forced;
    for (const std::size_t needed : {at_first / 2, at_first * 9 / 10}) {
      const ShrinkTest test = [&](const Choices& candidate) -> std::optional<Choices> {
        Machine::Run run = machine.replay(candidate);
        if (cost_of(run.choices).forced < needed) return std::nullopt;
        return run.choices;
      };
      const ShrinkResult result = shrink(initial.choices, test, {.search = 0});
      EXPECT_TRUE(result.minimal);
      EXPECT_FALSE(one_switch_less(result.choices, test));
      EXPECT_EQ(cost_of(result.choices).forced, needed) << "seed " << seed;
      EXPECT_LE(result.tests, needed + needed / 2) << "seed " << seed;
    }
  }
}

TEST(Shrink, EmptyAndUnreproducibleWitnessesStayAsTheyAre) {
  const ShrinkTest never = [](const Choices&) { return std::nullopt; };
  EXPECT_TRUE(shrink({}, never).choices.empty());
  Choices one(3);
  EXPECT_EQ(shrink(one, never).choices.size(), 3u);
}

}  // namespace
}  // namespace chicane::witness
