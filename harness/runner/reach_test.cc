// SPDX-License-Identifier: Apache-2.0
#include "runner/reach.h"

#include <gtest/gtest.h>

#include "runner/numbers.h"

namespace chicane::runner {
namespace {

TEST(Reach, SaysHowFarAResultGoes) {
  Result result;
  result.runs = 1680;
  result.strategy = "portfolio";
  result.ended_by = "schedules";
  EXPECT_EQ(reach_of(result), "1,680 schedules, portfolio");
  result.ended_by = "time";
  EXPECT_EQ(reach_of(result), "1,680 schedules until the time was up, portfolio");
  result.ended_by = "interrupted";
  EXPECT_EQ(reach_of(result), "1,680 schedules until the interrupt, portfolio");
  result.ended_by = "bad-runs";
  EXPECT_EQ(reach_of(result),
            "1,680 schedules until too many ended badly without anything new, portfolio");
  result.ended_by = "stuck";
  EXPECT_EQ(reach_of(result), "1,680 schedules until one stood still, portfolio");
  result.ended_by = "interrupted";
  result.estimate = 123456;
  result.estimate_error = 1000;
  EXPECT_EQ(reach_of(result),
            "1,680 schedules until the interrupt, portfolio, of about 120,000 (+- 1,000)");
  result.estimate = result.estimate_error = 0;
  result.ended_by = "schedules";
  result.distinct_behaviours = 1;
  EXPECT_EQ(reach_of(result), "1,680 schedules, portfolio: 1 distinct behaviour");
  result.distinct_behaviours = 1200;
  result.guarantee = "all schedules with at most 2 preemptions were run";
  EXPECT_EQ(reach_of(result),
            "1,680 schedules, portfolio: 1,200 distinct behaviours; "
            "all schedules with at most 2 preemptions");
  result.exhausted = true;
  result.ended_by = "exhausted";
  EXPECT_EQ(reach_of(result), "proven: all interleavings");  // how many they are is not known
  result.estimate = 1680;
  EXPECT_EQ(reach_of(result), "proven: all 1,680 interleavings");
  result.estimate = 36;  // found to be all, among other runs
  EXPECT_EQ(reach_of(result), "proven: all 36 interleavings");
  result.estimate = 0;
  result.runs = 1;
  EXPECT_EQ(reach_of(result), "proven: the only interleaving");
  result.diagnoses.resize(1);
  EXPECT_EQ(reach_of(result), "the only interleaving");
  result.guarantee = "all interleavings were run, but for some";
  EXPECT_EQ(reach_of(result), "the only interleaving, but for some");
  result.error = "no worker";
  EXPECT_EQ(reach_of(result), "not explored: no worker");
}

TEST(Reach, SaysWhatTheRunsOfASearchWere) {
  Result result;
  result.runs = 47;
  result.strategy = "dpor";
  result.runs_per_second = 51'200.7;
  EXPECT_EQ(search_of(result), "");
  result.executions = 20;
  EXPECT_EQ(search_of(result),
            "20 executions, 0 blocked (nothing new), 27 probes or repeats; 51,200 schedules/s");
  result.strategy = "delay";
  result.executions = 46;
  EXPECT_EQ(search_of(result),
            "46 executions, 0 blocked (nothing new), 1 repeat; 51,200 schedules/s");
  result.executions = 1;
  result.blocked = 46;
  EXPECT_EQ(search_of(result), "1 execution, 46 blocked (nothing new); 51,200 schedules/s");
  result.strategy = "portfolio";
  EXPECT_EQ(search_of(result), "");  // part of what it does
  result.exhausted = true;
  result.blocked = 0;
  EXPECT_EQ(search_of(result),
            "1 execution, 0 blocked (nothing new), 46 sampled; 51,200 schedules/s");
  result.ended_by = "bad-runs";
  EXPECT_EQ(search_of(result),
            "1 execution, 0 blocked (nothing new), 46 sampled until too many ended badly without "
            "anything new; 51,200 schedules/s");
  result.ended_by = "schedules";
  result.runs_per_second = 0;  // not measured
  EXPECT_EQ(search_of(result), "1 execution, 0 blocked (nothing new), 46 sampled");
}

TEST(Reach, TellsTheSizeOfWhatNoNumberHolds) {
  Result result;
  result.runs = 1000;
  result.estimate = 3e40;  // beyond any whole number
  result.estimate_error = 2e19;
  EXPECT_EQ(reach_of(result), "1,000 schedules, of about 10^40 (+- 10^19)");
}

TEST(Reach, GroupsDigits) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999), "999");
  EXPECT_EQ(with_commas(1000), "1,000");
  EXPECT_EQ(with_commas(12345678), "12,345,678");
}

TEST(Reach, CountsTheProvenAmongTheGood) {
  Pitfall pitfall;
  pitfall.family = "locks";
  pitfall.name = "x";
  ScenarioFile good, bad;
  good.form = "good";
  bad.form = "bad";
  std::vector<FileRun> runs(2);
  for (std::size_t i = 0; i < 2; ++i) {
    runs[i].pitfall = &pitfall;
    runs[i].file = i == 0 ? &good : &bad;
    runs[i].legs = {"lockorder", "sched"};
    runs[i].cells.resize(2);
  }
  runs[0].cells[1].result.runs = 47;
  runs[0].cells[1].result.estimate = 20;
  runs[0].cells[1].result.exhausted = true;
  EXPECT_EQ(render_reach(runs),
            "good programs under sched: 1 of 1 proven\n"
            "  locks/x/good  proven: all 20 interleavings\n");
  EXPECT_EQ(render_reach({runs[1]}), "");
}

}  // namespace
}  // namespace chicane::runner
