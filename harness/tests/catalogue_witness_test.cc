// SPDX-License-Identifier: Apache-2.0
//
// What a person does with a witness: replay it event by event, under gdb, shorten it; and what an
// interrupt of `chicane run` leaves.
//
// Oracle: the catalogue's own annotations (kinds, lines), and the defects' least number of forced
// switches, which is one for a lost update and for two locks in opposite order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/catalogue_sandbox.h"

namespace chicane::testing {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class Witnesses : public ::testing::Test {
 protected:
  std::string witness(const std::string& pitfall, const std::string& leg = "sched") {
    const Outcome outcome = box_.chicane("run " + pitfall + " --variant bad --form default --leg " +
                                         leg + " --witness-dir race");
    EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
    return "race/" + pitfall.substr(pitfall.find('/') + 1) + "." + leg + ".chicane";
  }
  Sandbox box_;
};

TEST_F(Witnesses, TraceHasEveryEventWithItsPlace) {
  const std::string file = witness("data_races/unlocked_counter");
  const Outcome outcome = box_.chicane("replay --trace " + file);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
  EXPECT_THAT(outcome.out, ContainsRegex("\n +1   main +write +counter .*bad.cc:9\n"));
  EXPECT_THAT(outcome.out, ContainsRegex("\n +[0-9]+ > goroutine [123] +start"));
  for (const char* goroutine : {"goroutine 1", "goroutine 2", "goroutine 3"}) {
    EXPECT_THAT(outcome.out, ContainsRegex(std::string("\n +[0-9]+ [ >] ") + goroutine +
                                           " +write +counter .*bad.cc:11\n"));
  }
}

TEST_F(Witnesses, StepShowsAnEventForEachLineOfItsInput) {
  const std::string file = witness("data_races/unlocked_counter");
  const Outcome two = box_.shell("printf '\\n2\\n' | '" CHICANE_COMMAND "' replay --step " + file);
  EXPECT_EQ(two.exit_code, 0) << two.all();
  EXPECT_THAT(two.out, AllOf(HasSubstr("\n(0/"), HasSubstr("\n(1/"), HasSubstr("\n(3/")));
  EXPECT_THAT(two.out, HasSubstr("3 of "));
  const Outcome whole =
      box_.shell("printf 's\\nwhat\\nc\\n' | '" CHICANE_COMMAND "' replay --step " + file);
  EXPECT_THAT(whole.out, ContainsRegex("goroutine 2: start"));
  EXPECT_THAT(whole.out, HasSubstr("step 6 (forced switch): "));
  EXPECT_THAT(whole.out, HasSubstr("    counter++;\n"));
  EXPECT_THAT(whole.out, ContainsRegex("goroutine [1-3] +before write counter  at bad.cc:11"));
  EXPECT_THAT(whole.out, HasSubstr("Enter, a number, s, c or q, please"));
  EXPECT_THAT(whole.out, HasSubstr("the end: data-race\n"));
  EXPECT_THAT(box_.shell("'" CHICANE_COMMAND "' replay --step " + file + " </dev/null").out,
              HasSubstr("0 of "));
}

TEST_F(Witnesses, StepSaysForWhatABlockedThreadWaits) {
  const std::string file = witness("locks/lock_order_ab_ba");
  const Outcome outcome = box_.shell("echo c | '" CHICANE_COMMAND "' replay --step " + file);
  EXPECT_THAT(outcome.out, ContainsRegex("waits for .*at bad.cc:"));
}

TEST_F(Witnesses, GdbStopsAtTheDecisiveStep) {
  const std::string file = witness("data_races/unlocked_counter");
  const Outcome outcome =
      box_.shell("echo kill | '" CHICANE_COMMAND "' replay --gdb " + file + " 2>&1");
  if (outcome.exit_code == 77) {
    EXPECT_THAT(outcome.out, HasSubstr("apt-get install gdb"));
    GTEST_SKIP() << "gdb is not installed";
  }
  EXPECT_THAT(outcome.out, HasSubstr("stopping after step 6 of "));
  EXPECT_THAT(outcome.out, HasSubstr("chicane_decisive_step (step=6"));
}

TEST_F(Witnesses, WithoutGdbItIsUnavailable) {
  const std::string file = witness("data_races/unlocked_counter");
  const Outcome outcome = box_.shell("PATH=/nowhere '" CHICANE_COMMAND "' replay --gdb " + file);
  EXPECT_EQ(outcome.exit_code, 77);
  EXPECT_THAT(outcome.err, HasSubstr("gdb cannot be started (No such file or directory): "
                                     "apt-get install gdb"));
}

TEST_F(Witnesses, ThatCannotBeHadTogether) {
  const Outcome outcome = box_.chicane("replay --gdb --step x.chicane");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("exclude each other"));
}

TEST_F(Witnesses, AreOneMinimal) {
  for (const char* pitfall : {"data_races/unlocked_counter", "locks/lock_order_ab_ba"}) {
    const std::string file = witness(pitfall);
    const Outcome outcome = box_.chicane("shrink --check " + file);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
    EXPECT_THAT(outcome.out, HasSubstr("1 forced switch: 1-minimal")) << pitfall;
  }
}

/// A switch to and fro that the deadlock does not need.
TEST_F(Witnesses, ThatAreNotMinimalAreFoundOutAndShortened) {
  const Outcome run = box_.chicane(
      "run locks/lock_order_ab_ba --variant bad --form default --leg sched --witness-dir long "
      "--no-shrink");
  ASSERT_EQ(run.exit_code, 0) << run.all();
  const std::string longer = "long/lock_order_ab_ba.sched.chicane";
  const Outcome check = box_.chicane("shrink --check " + longer);
  EXPECT_EQ(check.exit_code, 1) << check.all();
  EXPECT_THAT(check.out, HasSubstr("one of them is not needed; " CHICANE_COMMAND " shrink long/"));
  const Outcome shrunk = box_.chicane("shrink " + longer + " -o short.chicane");
  EXPECT_EQ(shrunk.exit_code, 0) << shrunk.all();
  EXPECT_THAT(shrunk.out, HasSubstr("short.chicane: deadlock, "));
  EXPECT_THAT(shrunk.out, HasSubstr("and 1 forced switch (were "));
  EXPECT_EQ(box_.chicane("shrink --check short.chicane").exit_code, 0);
  EXPECT_THAT(box_.chicane("replay short.chicane").out, StartsWith("deadlock  "));
}

TEST_F(Witnesses, AShrinkOfNoScheduleIsAnError) {
  box_.write("x.chicane", "nothing");
  const Outcome outcome = box_.chicane("shrink x.chicane");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("x.chicane: line 1: not a schedule file"));
  EXPECT_EQ(box_.chicane("shrink --check -o y x.chicane").exit_code, 2);
}

// ---- interrupts ----

/// `chicane run arguments` in the background, interrupted once its worker has a child that has
/// worked. The last line says what is left of the worker and its child.
Outcome interrupted(const Sandbox& box, const std::string& arguments, const std::string& signal) {
  return box.shell(
      std::string(kWorked) + "'" CHICANE_COMMAND "' run " + arguments +
      " --witness-dir race >out 2>err & p=$!\n"
      "child() { cat /proc/$1/task/*/children 2>/dev/null | cut -d' ' -f1; }\n"
      "until w=$(child $p) && [ -n \"$w\" ] && c=$(child $w) && [ -n \"$c\" ] && worked $c 10; do "
      "sleep 0.02; done\n"
      "kill -" +
      signal +
      " $p; wait $p; status=$?\n"
      "cat out; for i in $w $c; do [ ! -d /proc/$i ] || echo left: $i; done; exit $status");
}

TEST(InterruptedRun, EndsWithTheSignalWhereNothingWasFound) {
  for (const auto& [signal, code] : {std::pair("INT", 130), std::pair("TERM", 143)}) {
    const Sandbox box;
    const Outcome outcome =
        interrupted(box,
                    "data_races/unlocked_counter --variant good --form default --leg sched "
                    "--strategy random --schedules 1000000000 --time-limit 600",
                    signal);
    EXPECT_EQ(outcome.exit_code, code) << outcome.all();
    EXPECT_THAT(outcome.out, HasSubstr(std::string("interrupted (SIG") + signal +
                                       "): 1 of 1 programs were not done"));
    EXPECT_EQ(line_with(outcome.out, "left: "), 0) << outcome.out;
  }
}

TEST(InterruptedRun, ShowsAndKeepsWhatWasFound) {
  const Sandbox box;
  const Outcome outcome = interrupted(
      box,
      "data_races/unlocked_counter --variant bad --form default --leg sched --strategy random "
      "--schedules 1000000000 --time-limit 600",
      "INT");
  EXPECT_EQ(outcome.exit_code, 1) << outcome.all();
  EXPECT_THAT(outcome.out, StartsWith("data-race  "));
  EXPECT_TRUE(box.exists("race/unlocked_counter.sched.chicane"));
  EXPECT_EQ(box.chicane("replay race/unlocked_counter.sched.chicane").exit_code, 0);
  EXPECT_EQ(line_with(outcome.out, "left: "), 0) << outcome.out;
}

}  // namespace
}  // namespace chicane::testing
