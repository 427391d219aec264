// SPDX-License-Identifier: Apache-2.0
//
// What shortening a witness costs, and what it leaves when it ends early. Oracle: the programs
// count their own runs, in memory that all processes share.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

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
