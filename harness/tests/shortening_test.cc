// SPDX-License-Identifier: Apache-2.0
//
// What shortening a witness costs, and what it leaves when it ends early. Oracle: the programs
// count their own runs, in memory that all processes share.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "runner/explorer_budgets.h"
#include "runner/explorer_twice.h"
#include "tests/expect.h"
#include "witness/schedule_file.h"

namespace chicane::tests {
namespace {

constexpr int kRounds = 50, kNeeded = 90;

/// Two threads take turns; wrong with more than so many changes: each needs a switch of its own.
/// In run number `interrupted` it interrupts who explores it.
Program takes_turns(const Tally& tally, int needed, long interrupted = -1, int signal = SIGINT) {
  return [&tally, needed, interrupted, signal] {
    tally.count(0);
    if (tally[0] == interrupted) kill(getppid(), signal);
    std::atomic<int> last{0};
    std::atomic<int> changes{0};
    const auto go = [&](int who) {
      for (int i = 0; i < kRounds; ++i) changes += last.exchange(who) == who ? 0 : 1;
    };
    together([&] { go(1); }, [&] { go(2); }, [&] { go(3); });
    if (changes > needed) std::abort();
  };
}

Options random_walk() {
  Options options;
  options.strategy = Strategy::kRandom;
  options.schedules = 1;
  options.interruptible = true;
  options.shrink = false;
  runner::g_schedules_run_twice = 0;
  return options;
}

/// Until its end, what the test sets in runner::g_budgets.
class OwnBudgets {
 public:
  OwnBudgets() = default;
  ~OwnBudgets() { runner::g_budgets = before_; }
  OwnBudgets(const OwnBudgets&) = delete;
  OwnBudgets& operator=(const OwnBudgets&) = delete;

 private:
  const runner::Budgets before_ = runner::g_budgets;
};

/// Each run takes a second.
const Tally* g_runs_of_clock = nullptr;
std::chrono::steady_clock::time_point by_runs() {
  return std::chrono::steady_clock::time_point(std::chrono::seconds((*g_runs_of_clock)[0]));
}

/// A witness as it was found.
Diagnosis found(int needed) {
  const Tally unseen;
  const Result result = explore(takes_turns(unseen, needed), random_walk());
  EXPECT_EQ(result.diagnoses.size(), 1u) << describe(result);
  return result.diagnoses.empty() ? Diagnosis{} : result.diagnoses.front();
}

Result shorten(const Program& program, const Diagnosis& diagnosis, double time_limit = 0) {
  Options options = random_walk();
  options.shrink = true;
  options.time_limit = time_limit;
  return shrink(program, options, {diagnosis.schedule});
}

bool says_minimal(const Diagnosis& diagnosis) {
  witness::ScheduleFile file;
  std::string error;
  EXPECT_TRUE(witness::parse(diagnosis.schedule, &file, &error)) << error;
  return file.minimal;
}

// To see of each switch that it is needed takes a run for each; what leads there must not take the
// square of them.
TEST(Shortening, OfManySwitchesTakesAFewRunsForEach) {
  for (const int needed : {kNeeded, 20}) {
    const Diagnosis first = found(needed);
    EXPECT_FALSE(says_minimal(first));
    const Tally tally;
    const Result result = shorten(takes_turns(tally, needed), first);
    ASSERT_EQ(result.diagnoses.size(), 1u) << describe(result);
    const Diagnosis& short_one = result.diagnoses.front();
    EXPECT_TRUE(short_one.minimal);
    EXPECT_TRUE(says_minimal(short_one));
    EXPECT_LE(short_one.forced_switches, needed + 1);
    EXPECT_EQ(short_one.original_length, first.length) << "in steps both";
    EXPECT_EQ(static_cast<long>(result.runs), tally[0]);
    EXPECT_LE(tally[0], 2 * first.forced_switches) << needed;
  }
}

TEST(Shortening, ThatIsInterruptedLeavesTheBestSoFarAndSaysSo) {
  const Diagnosis first = found(kNeeded);
  for (const int signal : {SIGINT, SIGTERM}) {
    constexpr long kInterrupted = 60, kAfter = 3;
    const Tally tally;
    const Result result = shorten(takes_turns(tally, kNeeded, kInterrupted, signal), first);
    ASSERT_EQ(result.diagnoses.size(), 1u) << describe(result);
    EXPECT_EQ(result.signal, signal);
    EXPECT_EQ(result.ended_by, "interrupted");
    EXPECT_LE(tally[0], kInterrupted + kAfter);
    const Diagnosis& so_far = result.diagnoses.front();
    EXPECT_FALSE(so_far.minimal);
    EXPECT_FALSE(says_minimal(so_far));
    EXPECT_LT(so_far.forced_switches, first.forced_switches);
    EXPECT_EQ(so_far.kind, first.kind);
    // It goes on from there.
    const Tally rest;
    EXPECT_TRUE(shorten(takes_turns(rest, kNeeded), so_far).diagnoses.at(0).minimal);
  }
}

TEST(Shortening, WhoseTimeIsOverLeavesWhatThereIs) {
  const Diagnosis first = found(kNeeded);
  const Tally tally;
  const Result result = shorten(takes_turns(tally, kNeeded), first, 1e-9);
  ASSERT_EQ(result.diagnoses.size(), 1u) << describe(result);
  EXPECT_EQ(result.ended_by, "time");
  EXPECT_FALSE(result.diagnoses.front().minimal);
  EXPECT_EQ(result.diagnoses.front().forced_switches, first.forced_switches);
  EXPECT_LE(tally[0], 3);
}

/// What the exploration that finds it makes of it, and in how many runs.
struct Explored {
  Diagnosis diagnosis;
  long runs;
};
Explored find_and_shorten(double time_limit = 0) {
  const Tally tally;
  g_runs_of_clock = &tally;
  Options options = random_walk();
  options.shrink = true;
  options.time_limit = time_limit;
  const Result result = explore(takes_turns(tally, kNeeded), options);
  EXPECT_EQ(result.diagnoses.size(), 1u) << describe(result);
  if (result.diagnoses.empty()) return {{}, tally[0]};
  EXPECT_EQ(says_minimal(result.diagnoses.front()), result.diagnoses.front().minimal);
  return {result.diagnoses.front(), tally[0]};
}

TEST(Shortening, InAnExplorationIsGivenSoMuchWork) {
  const OwnBudgets own;
  const Explored whole = find_and_shorten();
  EXPECT_TRUE(whole.diagnosis.minimal);
  runner::g_budgets.shortening = 0;
  const Explored none = find_and_shorten();
  EXPECT_FALSE(none.diagnosis.minimal);
  // What a process costs, and the steps of a run: three threads, each so many rounds.
  constexpr long kLeast = 2000 + 3 * kRounds;
  int before = none.diagnosis.forced_switches;
  for (const long some : {20, 80}) {
    runner::g_budgets.shortening = some * kLeast;
    const Explored part = find_and_shorten();
    EXPECT_FALSE(part.diagnosis.minimal) << some;
    EXPECT_LE(part.runs - none.runs, some);
    EXPECT_GE(part.runs - none.runs, some / 2) << "what it is given it uses";
    EXPECT_LT(part.diagnosis.forced_switches, before) << some;
    EXPECT_LT(part.runs, whole.runs);
    before = part.diagnosis.forced_switches;
  }
}

// As long again as it may explore, at the least 2 s.
TEST(Shortening, InAnExplorationEndsWithItsTime) {
  const OwnBudgets own;
  runner::g_budgets.now = &by_runs;
  constexpr long kFindAndRecord = 4;
  for (const double limit : {1.5, 8.0, 60.0}) {
    const Explored part = find_and_shorten(limit);
    EXPECT_FALSE(part.diagnosis.minimal) << limit;
    EXPECT_LE(static_cast<double>(part.runs), std::max(limit, 2.0) + kFindAndRecord);
    EXPECT_GE(static_cast<double>(part.runs), limit);
  }
  EXPECT_TRUE(find_and_shorten(10'000).diagnosis.minimal);
}

// What was not looked at may be so or not.
TEST(Shortening, ACheckThatIsInterruptedSaysNothing) {
  const Diagnosis first = found(kNeeded);
  const Tally unseen;
  const Diagnosis short_one = shorten(takes_turns(unseen, kNeeded), first).diagnoses.at(0);
  for (const long interrupted : {-1L, 20L}) {
    const Tally runs;
    const Result result =
        shrink(takes_turns(runs, kNeeded, interrupted), random_walk(), {short_one.schedule});
    ASSERT_EQ(result.diagnoses.size(), 1u) << describe(result);
    EXPECT_EQ(result.diagnoses.front().minimal, interrupted < 0);
    EXPECT_EQ(result.signal, interrupted < 0 ? 0 : SIGINT);
  }
}

}  // namespace
}  // namespace chicane::tests
