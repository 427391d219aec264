// SPDX-License-Identifier: Apache-2.0
//
// Courses: what a run did is written down and followed again, also with parts left out.
#include <gtest/gtest.h>

#include <string>

#include "strategies/abstract_program.h"
#include "strategies/strategies.h"

namespace chicane::strategies {
namespace {

using Program = AbstractProgram;

std::string along(Program& program, std::vector<engine::Stretch> stretches) {
  const auto strategy = make_follow_course({std::move(stretches), {}});
  return program.run(*strategy, 0);
}

Program three_threads() {
  return Program({Program::Body(4, Program::write(1)), Program::Body(4, Program::write(1)),
                  Program::Body(4, Program::write(1))});
}

TEST(FollowCourse, GoesAlongAnyRun) {
  const Program::Body section = {Program::write(3), Program::lock(1),   Program::write(2),
                                 Program::lock(2),  Program::unlock(2), Program::unlock(1)};
  const auto log = std::make_unique<engine::CourseLog>();
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Program program({section, section, section});
    const auto random = make_logged(make_random(seed), log.get());
    const std::string order = program.run(*random, 0);
    EXPECT_FALSE(log->truncated);
    const auto again = make_follow_course(log->course());
    EXPECT_EQ(program.run(*again, 0), order) << "seed " << seed;
  }
}

TEST(FollowCourse, CountsOperationsOfAThreadNotChoices) {
  Program program = three_threads();
  EXPECT_EQ(along(program, {{2, 1}, {1, 2}, {2, 3}, {3, 1}, {1, 4}}), "211223112333");
}

TEST(FollowCourse, WhatIsLeftOutIsMadeUpForLater) {
  Program program = three_threads();
  EXPECT_EQ(along(program, {{1, 2}, {2, 3}, {3, 1}, {1, 4}}), "112223112333");
  EXPECT_EQ(along(program, {{3, 1}, {2, 4}}), "322221111333");
}

TEST(FollowCourse, WhoWaitsForALockGoesOnAsSoonAsItIsFree) {
  const Program::Body section = {Program::lock(1), Program::write(2), Program::unlock(1),
                                 Program::write(3)};
  Program program({section, section});
  EXPECT_EQ(along(program, {{1, 1}, {2, 4}, {1, 4}}), "11122221");
}

TEST(FollowCourse, BeyondItsEndStaysWithTheRunningThread) {
  Program program = three_threads();
  EXPECT_EQ(along(program, {{3, 2}}), "333311112222");
  EXPECT_EQ(along(program, {}), "111122223333");
}

/// A strategy that is asked for outcomes.
TEST(FollowCourse, OutcomesAreCountedPerThread) {
  const auto log = std::make_unique<engine::CourseLog>();
  const engine::Operation select{.kind = engine::OpKind::kSelect};
  const auto random = make_logged(make_random(4), log.get());
  random->begin_run(0);
  std::string answers, again;
  for (int i = 0; i < 20; ++i) answers += static_cast<char>('0' + random->pick_outcome(select, 3));
  const auto follow = make_follow_course(log->course());
  follow->begin_run(0);
  for (int i = 0; i < 20; ++i) again += static_cast<char>('0' + follow->pick_outcome(select, 3));
  EXPECT_EQ(again, answers);
  EXPECT_EQ(follow->pick_outcome(select, 3), 0u);
}

}  // namespace
}  // namespace chicane::strategies
