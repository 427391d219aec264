// SPDX-License-Identifier: Apache-2.0
#include "runner/race_details.h"

#include <gtest/gtest.h>

namespace chicane::runner {
namespace {

Site site(const std::string& role, int line, int thread) {
  Site result;
  result.role = role;
  result.thread = thread;
  result.stack.push_back({"body", "/p/scenarios/races/n/bad.cc", line, 0});
  return result;
}

/// As ThreadSanitizer reports: the second thread is not known.
Diagnosis bare(int first = 11, int second = 12) {
  Diagnosis race;
  race.kind = "data-race";
  race.message = "two threads touch variable 1, nothing orders them";
  race.object = "variable 1";
  race.sites = {site("write", first, 2), site("read", second, -1)};
  return race;
}

Diagnosis full(int first = 11, int second = 12) {
  Diagnosis race = bare(first, second);
  race.message = "two threads touch `counter`, nothing orders them";
  race.object = "counter";
  race.declared_file = "/p/scenarios/races/n/bad.cc";
  race.declared_line = 5;
  race.storage.kind = "static";
  race.sites = {site("read", second, 1), site("write", first, 2)};
  race.sites[0].value = "0";
  race.sites[1].value = "1";
  for (Site& access : race.sites) access.detail = "holding no lock";
  race.effect = "counter ends at 1";
  return race;
}

TEST(RaceDetails, CompleteTheSameRace) {
  std::vector<Diagnosis> races = {bare()};
  ASSERT_TRUE(lacks_details(races[0]));
  complete_races(races, std::vector{full()}, "sched");
  const Diagnosis& race = races[0];
  EXPECT_FALSE(lacks_details(race));
  EXPECT_EQ(race.message, full().message);
  EXPECT_EQ(race.object, "counter");
  EXPECT_EQ(race.declared_line, 5);
  EXPECT_EQ(race.storage.kind, "static");
  EXPECT_EQ(race.sites[0].value, "1") << "the write's";
  EXPECT_EQ(race.sites[1].value, "0");
  EXPECT_EQ(race.sites[1].detail, "holding no lock");
  EXPECT_EQ(race.sites[1].thread, 1);
  EXPECT_EQ(race.effect, "") << "that is what came of the other schedule";
  EXPECT_EQ(race.would_order, "values, locks and memory as the leg sched saw them");
}

TEST(RaceDetails, SayWhoseTheyAreBehindTheOrder) {
  std::vector<Diagnosis> races = {bare()};
  Diagnosis known = full();
  known.would_order = "`mu` held by both";
  complete_races(races, std::vector{known}, "sched");
  EXPECT_EQ(races[0].would_order,
            "`mu` held by both (values, locks and memory as the leg sched saw them)");
}

// I1.
TEST(RaceDetails, OfAnotherRaceAreLeftAlone) {
  Diagnosis deadlock = full();
  deadlock.kind = "deadlock";
  for (const Diagnosis& other : {full(11, 13), full(10, 12), bare(), deadlock}) {
    std::vector<Diagnosis> races = {bare()};
    complete_races(races, std::vector{other}, "sched");
    EXPECT_TRUE(lacks_details(races[0]));
    EXPECT_EQ(races[0].object, "variable 1");
  }
}

TEST(RaceDetails, OfThreadsThatHaveOtherNumbersNameNone) {
  std::vector<Diagnosis> races = {bare()};
  races[0].sites[0].thread = 3;
  Diagnosis known = full();
  known.would_order = "thread 1 joins thread 2";
  complete_races(races, std::vector{known}, "sched");
  EXPECT_EQ(races[0].would_order, "values, locks and memory as the leg sched saw them");
  EXPECT_EQ(races[0].sites[0].thread, 3);
  EXPECT_EQ(races[0].sites[1].thread, -1);
  EXPECT_EQ(races[0].sites[1].value, "0");
}

}  // namespace
}  // namespace chicane::runner
