// SPDX-License-Identifier: Apache-2.0
//
// The `chicane` command on the real catalogue: bad input, witnesses, seeds.
//
// Oracle: bad input gives one clear error and exit code 2; a witness gives the same text each time;
// a seed gives the same output each time, and every seed the annotated defects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/catalogue_sandbox.h"

namespace chicane::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// ---- bad input ----

void expect_usage_error(const std::string& arguments, const std::string& message) {
  const Sandbox box;
  const Outcome outcome = box.chicane("run --witness-dir race " + arguments);
  EXPECT_EQ(outcome.exit_code, 2) << arguments << "\n" << outcome.all();
  EXPECT_THAT(outcome.err, StartsWith("chicane: error: ")) << arguments;
  EXPECT_THAT(outcome.err, HasSubstr(message)) << arguments;
  EXPECT_EQ(line_with(outcome.err.substr(1), "chicane: error"), 0) << "one error: " << outcome.err;
  EXPECT_THAT(outcome.out, IsEmpty()) << arguments;
  EXPECT_FALSE(box.exists("race/report.json")) << arguments;
}

TEST(Command, NamesWhatWasProbablyMeant) {
  expect_usage_error("locks/dubble_unlock", "did you mean locks/double_unlock?");
  expect_usage_error("double_unlok", "did you mean double_unlock or double_close?");
  expect_usage_error("zzzzzzzz", "`chicane list` has them all");
  expect_usage_error("--leg tsn", "unknown leg 'tsn'; did you mean tsan?");
  expect_usage_error("--strategy randon", "unknown strategy 'randon'; did you mean random?");
  expect_usage_error("--variant ugly", "unknown variant 'ugly'; known are bad, good");
  expect_usage_error("--form qt", "unknown form 'qt'");
  const Outcome command = Sandbox().chicane("rnu");
  EXPECT_EQ(command.exit_code, 2);
  EXPECT_THAT(command.err, HasSubstr("unknown command 'rnu'; did you mean run?"));
}

TEST(Command, SaysBeforeItRunsWhatCannotBeWritten) {
  expect_usage_error("--json none/a.json locks/relock",
                     "none/a.json: cannot be written: none: No such file or directory");
}

TEST(Command, RefusesValuesThatAreNone) {
  expect_usage_error("--schedules 0", "--schedules needs a whole number of at least 1, not '0'");
  expect_usage_error("--schedules -5", "--schedules");
  expect_usage_error("--seed x", "--seed needs a whole number of at least 0, not 'x'");
  expect_usage_error("--seed 99999999999999999999999", "--seed needs a whole number");
  expect_usage_error("--depth 65", "--depth is at most 64, not 65");
  expect_usage_error("--jobs 0", "--jobs");
  expect_usage_error("--time-limit 1.5", "--time-limit");
  expect_usage_error("--bogus", "--bogus");
  expect_usage_error("--scenarios /nowhere", "/nowhere: is not a folder");
}

TEST(Command, SaysThatTheWorkerIsMissing) {
  expect_usage_error("--worker-dir . locks/double_unlock",
                     "scenarios_sched is not there: build it (make), or give --worker-dir");
}

TEST(Command, SaysThatALegIsUnavailable) {
  const Sandbox box;
  const std::string workers = box.path("some/bin");
  box.shell("mkdir -p some/bin && ln -s '" + worker_dir() + "/scenarios_sched' some/bin/");
  const Outcome both = box.chicane(
      "run locks/double_unlock --variant good --witness-dir race "
      "--leg sched --leg tsan --worker-dir " +
      workers);
  EXPECT_EQ(both.exit_code, 0) << both.all();
  EXPECT_THAT(both.out, HasSubstr("- n/a"));
  EXPECT_THAT(both.out, HasSubstr("leg tsan is unavailable: some/bin/scenarios_tsan is not there"));
  EXPECT_THAT(both.out, HasSubstr("2 unavailable"));
  const Outcome alone = box.chicane(
      "run locks/double_unlock --variant good --witness-dir race "
      "--leg tsan --worker-dir " +
      workers);
  EXPECT_EQ(alone.exit_code, 77) << alone.all();
}

TEST(Command, AWorkerThatIsNoneIsAFailureNotSilence) {
  const Sandbox box;
  box.write("bin/scenarios_sched", "#!/bin/sh\necho 'no such luck' >&2\nexit 3\n");
  box.shell("chmod +x bin/scenarios_sched");
  const Outcome outcome = box.chicane(
      "run locks/double_unlock --variant good --leg sched "
      "--witness-dir race --worker-dir bin");
  EXPECT_EQ(outcome.exit_code, 1) << outcome.all();
  EXPECT_THAT(outcome.out,
              HasSubstr("the worker left no result: it exited with 3 (it said: no such luck)"));
}

// ---- witnesses ----

struct Sample {
  const char* pitfall;
  const char* options;
  const char* witness;
  const char* kind;
  int times;  // a livelock's run has 25000 steps, and the tsan leg's processes begin slowly
};

class Witness : public ::testing::TestWithParam<Sample> {};

TEST_P(Witness, GivesTheSameTextEachTime) {
  const Sample& sample = GetParam();
  const Sandbox box;
  const std::string command =
      std::string("run ") + sample.pitfall + " --variant bad --witness-dir race " + sample.options;
  ASSERT_EQ(box.chicane(command).exit_code, 0);
  const std::string witness = std::string("race/") + sample.witness + ".chicane";
  ASSERT_TRUE(box.exists(witness));
  const Outcome once = box.chicane("replay " + witness);
  EXPECT_EQ(once.exit_code, 0) << once.all();
  EXPECT_THAT(once.out, StartsWith(std::string(sample.kind) + "  "));
  const Outcome often =
      box.chicane("replay --times " + std::to_string(sample.times) + " " + witness);
  EXPECT_EQ(often.exit_code, 0) << often.all();
  EXPECT_EQ(often.out,
            once.out + std::to_string(sample.times) + " replays, the same text each time\n");
}

INSTANTIATE_TEST_SUITE_P(
    Samples, Witness,
    ::testing::Values(Sample{"locks/lock_order_ab_ba", "--form std --leg lockorder",
                             "lock_order_ab_ba_std.lockorder", "deadlock", 100},
                      Sample{"data_races/unlocked_counter", "--form default --leg sched",
                             "unlocked_counter.sched", "data-race", 100},
                      Sample{"data_races/loop_variable_capture", "--form std --leg tsan",
                             "loop_variable_capture_std.tsan", "data-race", 40},
                      Sample{"atomicity/bank_transfer", "--form std --leg sched",
                             "bank_transfer_std.sched", "assertion-failed", 100},
                      Sample{"channels/abandoned_generator", "--form default --leg sched",
                             "abandoned_generator.sched", "goroutine-leak", 100},
                      Sample{"channels/send_on_closed", "--form default --leg sched",
                             "send_on_closed.sched", "send-on-closed", 100},
                      Sample{"atomics/cas_never_loads", "--form default --leg sched",
                             "cas_never_loads.sched", "livelock", 20}),
    [](const auto& info) {
      std::string name = info.param.witness;
      std::replace(name.begin(), name.end(), '.', '_');
      return name;
    });

class BrokenWitness : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(box_.chicane("run locks/lock_order_ab_ba --variant bad --form std --leg sched "
                           "--witness-dir race")
                  .exit_code,
              0);
    text_ = box_.read("race/lock_order_ab_ba_std.sched.chicane");
    ASSERT_THAT(text_, HasSubstr("\nsteps:\n1 "));
  }

  void expect_error(const std::string& text, int exit_code, const std::string& message) const {
    box_.write("broken.chicane", text);
    const Outcome outcome = box_.chicane("replay broken.chicane");
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.all();
    EXPECT_THAT(outcome.err, StartsWith("chicane: ")) << text;
    EXPECT_THAT(outcome.err, HasSubstr("broken.chicane")) << text;
    EXPECT_THAT(outcome.err, HasSubstr(message)) << text;
    EXPECT_THAT(outcome.out, IsEmpty()) << text;
  }

  std::string with(const std::string& what, const std::string& by) const {
    std::string text = text_;
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return at == std::string::npos ? text : text.replace(at, what.size(), by);
  }

  Sandbox box_;
  std::string text_;
};

TEST_F(BrokenWitness, CutAnywhere) {
  // I2 of witness/schedule_file.h; the last byte is the newline after "end".
  for (std::size_t length = 0; length + 1 < text_.size(); length += 1 + text_.size() / 24) {
    SCOPED_TRACE(length);
    expect_error(text_.substr(0, length), 2, "");
  }
  expect_error(with("\nend\n", "\n"), 2, "the file is truncated in its steps");
}

TEST_F(BrokenWitness, Garbage) {
  std::string noise;
  for (int i = 0; i < 4096; ++i) noise += static_cast<char>(i * 131 + i / 7);
  expect_error(noise, 2, "line 1: not a schedule file");
  expect_error("", 2, "");
}

TEST_F(BrokenWitness, OfAnotherVersion) {
  expect_error(with("chicane schedule 2", "chicane schedule 9"), 2, "schedule version 9");
}

TEST_F(BrokenWitness, OfAnotherProgram) {
  expect_error(with("program: scenarios_sched", "program: other"), 2,
               "schedule of the program 'other'");
  expect_error(with("locks/lock_order_ab_ba/bad_std", "locks/gone/bad_std"), 2,
               "schedule of 'locks/gone/bad_std', which is not in");
}

TEST_F(BrokenWitness, ThatNoLongerFits) {
  expect_error(with("\n2 thread 1/2 lock ", "\n2 thread 1/2 unlock "), 1,
               "the schedule no longer fits the program at step 2 of ");
  expect_error(with("\n1 thread 1/2 ", "\n1 thread 5/7 "), 1, "expected thread 5 of 7: start");
}

TEST_F(BrokenWitness, ThatShowsSomethingElse) {
  expect_error(with("kind: deadlock", "kind: data-race"), 1, "shows no data-race any more");
}

TEST(Replay, OfNoFile) {
  const Sandbox box;
  const Outcome outcome = box.chicane("replay nowhere.chicane");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("nowhere.chicane cannot be read"));
  EXPECT_EQ(box.chicane("replay --times 0 nowhere.chicane").exit_code, 2);
}

// ---- seeds ----

constexpr const char* kSample =
    "locks/double_unlock locks/relock channels/send_on_closed channels/no_partner "
    "condvars/signal_before_wait waitgroups/add_wrong_count locks/lock_order_ab_ba "
    "data_races/loop_variable_capture ";

TEST(Seed, SameSeedSameOutput) {
  const Sandbox box;
  std::string out[2], report[2];
  for (int i = 0; i < 2; ++i) {
    const Outcome outcome = box.chicane(std::string("run --seed 7 --form default --variant bad "
                                                    "--jobs 1 --witness-dir race ") +
                                        kSample);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
    out[i] = without_times(outcome.out);
    report[i] = without_times(box.read("race/report.json"));
  }
  EXPECT_EQ(out[0], out[1]);
  EXPECT_EQ(report[0], report[1]);
}

class AnySeed : public ::testing::TestWithParam<const char*> {};

TEST_P(AnySeed, MeetsTheAnnotations) {
  const Sandbox box;
  const Outcome outcome =
      box.chicane(std::string("run --form default --variant bad --no-diagnoses --jobs 1 "
                              "--witness-dir race --seed ") +
                  GetParam() + " " + kSample);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.all();
  EXPECT_THAT(outcome.out, HasSubstr("8 programs, 32 checks: all as annotated"));
}

INSTANTIATE_TEST_SUITE_P(Three, AnySeed, ::testing::Values("2", "31337", "18446744073709551615"));

}  // namespace
}  // namespace chicane::testing
