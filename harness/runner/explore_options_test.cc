// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runner/explore_flags.h"

namespace chicane::runner {
namespace {

using ::testing::HasSubstr;

/// What the command line `arguments` means; `*error` is what was wrong with it.
ExploreSettings read(std::vector<std::string> arguments, std::string* error) {
  CLI::App app;
  ExploreFlags flags;
  add_explore_flags(app, &flags);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
  app.parse(arguments);
  ExploreSettings settings;
  error->clear();
  if (!read_explore_flags(flags, &settings, error)) EXPECT_NE(*error, "");
  return settings;
}

void expect_error(const std::vector<std::string>& arguments, const std::string& message) {
  std::string error;
  read(arguments, &error);
  EXPECT_THAT(error, HasSubstr(message)) << ::testing::PrintToString(arguments);
  EXPECT_EQ(error.find('\n'), std::string::npos) << error;
}

TEST(ExploreOptions, AreHandedOnAsTheyWereRead) {
  // I2.
  const std::vector<std::vector<std::string>> lines = {
      {},
      {"--strategy", "pct", "--depth", "7", "--schedules", "50", "--seed", "18446744073709551615"},
      {"--time", "1.5m", "--jobs", "3", "--shard", "2/5"},
      {"--time", "250ms", "--step-limit", "1000000"}};
  for (const auto& line : lines) {
    std::string error;
    const ExploreSettings settings = read(line, &error);
    ASSERT_EQ(error, "");
    EXPECT_EQ(read(explore_arguments(settings), &error), settings);
    ExploreFlags flags;
    ExploreSettings again;
    EXPECT_TRUE(split_arguments(explore_arguments(settings), &flags));
    EXPECT_TRUE(read_explore_flags(flags, &again, &error)) << error;
    EXPECT_EQ(again, settings);
    EXPECT_EQ(error, "");
  }
}

TEST(ExploreOptions, AParameterThatTheStrategyDoesNotHave) {
  // I1.
  expect_error({"--strategy", "random", "--depth", "3"},
               "strategy random has no parameter --depth; it has no parameters");
  expect_error({"--strategy", "pct", "--depth", "0"}, "--depth needs a whole number of at least 1");
  expect_error({"--strategy", "pct", "--depth", "65"}, "--depth is at most 64, not 65");
}

TEST(ExploreOptions, StepLimitsThatAreNone) {
  expect_error({"--step-limit", "0"}, "--step-limit needs a whole number of at least 1, not '0'");
  expect_error({"--step-limit", "1000001"}, "--step-limit is at most 1000000, not 1000001");
}

TEST(ExploreOptions, DurationsThatAreNone) {
  for (const char* text : {"0", "0s", "0.0001s", "0h"}) {
    expect_error({"--time", text}, "leaves no time to run anything");
  }
  for (const char* text :
       {"-1s", "s", "60 s", "1d", "1e3s", "nan", "inf", "0x10s", "9999999999h"}) {
    expect_error({std::string("--time=") + text}, "--time needs a duration such as 60s");
  }
}

TEST(ExploreOptions, ShardsThatAreNone) {
  for (const char* text : {"0/3", "4/3", "2/1"}) {
    expect_error({"--shard", text}, "is out of range");
  }
  for (const char* text : {"1", "1/", "/3", "1/0", "a/b", "1/2/3", "-1/3", "1.5/3"}) {
    expect_error({std::string("--shard=") + text}, "--shard needs i/n");
  }
}

}  // namespace
}  // namespace chicane::runner
