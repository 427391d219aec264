// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "runner/explore_options.h"
#include "runner/strategy_names.h"

namespace chicane::runner {
namespace {

TEST(ExplorerOptions, AreFilled) {
  ExploreSettings settings;
  settings.strategy = "pct";
  settings.schedules = 50;
  settings.seed = 9;
  settings.time_limit = 120;
  settings.jobs = 3;
  settings.shard = 2;
  settings.shards = 5;
  settings.step_limit = 70;
  settings.parameters["depth"] = 7;
  Options options;
  apply(settings, &options);
  EXPECT_EQ(options.strategy, Strategy::kPct);
  EXPECT_EQ(options.pct_depth, 7U);
  EXPECT_EQ(options.schedules, 50U);
  EXPECT_EQ(options.seed, 9U);
  EXPECT_EQ(options.time_limit, 120);
  EXPECT_EQ(options.jobs, 3U);
  EXPECT_EQ(options.shard, 1U);
  EXPECT_EQ(options.shards, 5U);
  EXPECT_EQ(options.step_limit, 70U);
}

TEST(ExplorerOptions, AreTheDefaultsWhereNothingIsSaid) {
  Options options;
  apply({}, &options);
  EXPECT_EQ(options.strategy, Options{}.strategy);
  EXPECT_EQ(options.schedules, Options{}.schedules);
  EXPECT_EQ(options.jobs, 1U);
  EXPECT_EQ(options.shards, 1U);
}

TEST(ExplorerOptions, EveryStrategyOfTheTableExistsAndTheFirstIsTheDefault) {
  for (const StrategyInfo& info : kStrategies) {
    Strategy strategy{};
    EXPECT_TRUE(parse_strategy(info.name, &strategy)) << info.name;
    EXPECT_STREQ(to_string(strategy), info.name);
  }
  EXPECT_STREQ(to_string(Options{}.strategy), kStrategies[0].name);
}

}  // namespace
}  // namespace chicane::runner
