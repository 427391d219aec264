// SPDX-License-Identifier: Apache-2.0
//
// A witness outlives the build it was made with: tests/rebuilt is one program, built several times.
//
// Oracle: the diagnosis that the first build's schedule shows, or the misfit that is named.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <string>

#include "tests/catalogue_sandbox.h"

namespace chicane::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Rebuilt : public ::testing::Test {
 protected:
  void SetUp() override {
    const Outcome outcome = box_.shell(build(0) + " write w.chicane");
    ASSERT_EQ(outcome.exit_code, 0) << outcome.all();
    ASSERT_THAT(outcome.out, HasSubstr("data-race, 1 forced"));
    ASSERT_THAT(box_.read("w.chicane"), HasSubstr("\nracy: rebuilt +"));
  }
  static std::string build(int change) {
    return worker_dir() + "/rebuilt/" + std::to_string(change) + "/rebuilt";
  }
  std::string replayed(int change) const {
    return box_.shell(build(change) + " replay w.chicane").out;
  }
  Sandbox box_;
};

TEST_F(Rebuilt, TheSameBuildShowsIt) { EXPECT_EQ(replayed(0), "data-race, 1 forced\n"); }

TEST_F(Rebuilt, WithAFunctionMoreBeforeIt) { EXPECT_EQ(replayed(1), "data-race, 1 forced\n"); }

TEST_F(Rebuilt, WithTheRacingLineGone) {
  const std::string outcome = replayed(3);
  EXPECT_THAT(outcome, HasSubstr("error: the schedule no longer fits the program: it has the racy "
                                 "access at rebuilt_main.cc:"));
  EXPECT_THAT(outcome, HasSubstr("that is not there any more"));
}

/// The racing function is another one: its racing line is found by its place, or named.
TEST_F(Rebuilt, WithTheRacingFunctionChanged) { EXPECT_EQ(replayed(2), "data-race, 1 forced\n"); }

/// What was proven of its accesses goes with them, and so do their callers, in the program and in
/// libraries: neither is where an access is.
TEST_F(Rebuilt, ALostUpdateIsOneInAllOfThem) {
  const Outcome written = box_.shell(build(0) + " write lost.chicane atomic");
  ASSERT_EQ(written.out, "lost-update, 1 forced\n") << written.all();
  const auto replayed = [&](int change) {
    return box_.shell(build(change) + " replay lost.chicane atomic").out;
  };
  for (const int change : {0, 1, 2})
    EXPECT_EQ(replayed(change), "lost-update, 1 forced\n") << change;
  EXPECT_THAT(replayed(3), HasSubstr("error: the schedule no longer fits the program"));
}

TEST_F(Rebuilt, AMisfitSaysWhereAndWhatIsThere) {
  const std::string text = box_.read("w.chicane");
  const std::string misfit = std::regex_replace(text, std::regex("thread [01]/2 write counter"),
                                                "thread 7/9 write counter");
  ASSERT_NE(misfit, text);
  box_.write("w.chicane", misfit);
  const std::string outcome = replayed(1);
  EXPECT_THAT(outcome, HasSubstr("the schedule no longer fits the program at step "));
  EXPECT_THAT(outcome, HasSubstr("expected thread 7 of 9: write counter at rebuilt_main.cc:"));
  EXPECT_THAT(outcome, HasSubstr("; there is only thread 0 before "));
}

}  // namespace
}  // namespace chicane::testing
