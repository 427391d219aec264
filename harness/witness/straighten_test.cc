// SPDX-License-Identifier: Apache-2.0
//
// The oracle is a machine without locks: threads with so many operations each, of which a course
// says the order. What is wrong is a pattern of three operations, as in a lost update.
#include "witness/straighten.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace chicane::witness {
namespace {

using engine::Course;

constexpr unsigned kThreads = 4, kOperations = 250;

struct Made {
  Course course;
  Choices choices;
  std::vector<std::pair<unsigned, unsigned>> order;  // thread, its operation's number
};

/// `pick(enabled, current, done)` gives a thread.
template <class Pick>
Made run(Pick pick) {
  Made result;
  std::vector<unsigned> done(kThreads, 0);
  unsigned current = kThreads;
  for (;;) {
    std::vector<unsigned> enabled;
    for (unsigned t = 0; t < kThreads; ++t) {
      if (done[t] < kOperations) enabled.push_back(t);
    }
    if (enabled.empty()) return result;
    const unsigned chosen = pick(enabled, current, done);
    if (enabled.size() > 1) {
      engine::ChoiceRecord record{};
      record.chosen = chosen;
      record.alternatives = static_cast<std::uint16_t>(enabled.size());
      record.forced = current < kThreads && done[current] < kOperations && chosen != current;
      result.choices.push_back(record);
    }
    ++done[chosen];
    if (chosen == current) {
      result.course.stretches.back().until = done[chosen];
    } else {
      result.course.stretches.push_back({chosen, done[chosen]});
    }
    result.order.emplace_back(chosen, done[chosen]);
    current = chosen;
  }
}

Made along(const Course& course) {
  return run([&](const std::vector<unsigned>& enabled, unsigned current,
                 const std::vector<unsigned>& done) {
    for (const engine::Stretch& stretch : course.stretches) {
      const unsigned reached = done[stretch.thread];
      if (reached < stretch.until && reached < kOperations) return stretch.thread;
    }
    return current < kThreads && done[current] < kOperations ? current : enabled.front();
  });
}

Made random_run(unsigned seed) {
  std::mt19937 random(seed);
  return run([&](const std::vector<unsigned>& enabled, unsigned, const std::vector<unsigned>&) {
    return enabled[random() % enabled.size()];
  });
}

std::size_t at(const Made& run, unsigned thread, unsigned operation) {
  return static_cast<std::size_t>(
      std::find(run.order.begin(), run.order.end(), std::pair(thread, operation)) -
      run.order.begin());
}

/// Operation 100 of thread 2 comes between 120 and 121 of thread 1.
bool lost(const Made& run) {
  return at(run, 1, 120) < at(run, 2, 100) && at(run, 2, 100) < at(run, 1, 121);
}

Made first_wrong(unsigned seed) {
  for (unsigned i = 0;; ++i) {
    Made run = random_run(seed * 100000 + i);
    if (lost(run)) return run;
  }
}

TEST(Straighten, AThousandRandomStepsInAHundredRuns) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    const Made initial = first_wrong(seed);
    ASSERT_GT(cost_of(initial.choices).forced, 500u);
    std::size_t calls = 0;
    const CourseTest test = [&](const Course& course) -> std::optional<Choices> {
      ++calls;
      const Made run = along(course);
      if (!lost(run)) return std::nullopt;
      return run.choices;
    };
    const Straightened result = straighten(initial.course, initial.choices, test, 100);
    EXPECT_EQ(result.tests, calls);
    EXPECT_LE(calls, 100u);                                        // I4
    EXPECT_LE(cost_of(result.choices).forced, 2u);                 // away from 1, and to it again
    EXPECT_LE(cost_of(result.choices), cost_of(initial.choices));  // I2
    const Straightened again = straighten(initial.course, initial.choices, test, 100);
    EXPECT_EQ(cost_of(again.choices), cost_of(result.choices));  // I3
  }
}

// Thread 0 begins, and all of 2 comes between two operations of 1. Who leaves 0 at once needs a
// switch that cannot be left out; who lets it go to its end needs none there.
TEST(Straighten, AThreadThatIsLeftEarlyMayAsWellGoOn) {
  const auto wrong = [](const Made& run) {
    return at(run, 0, 1) == 0 && at(run, 1, 3) < at(run, 2, 1) &&
           at(run, 2, kOperations) < at(run, 1, 4);
  };
  const Course course{{{0, 1}, {1, 3}, {2, kOperations}}, {}};
  const Made initial = along(course);
  ASSERT_TRUE(wrong(initial));
  ASSERT_EQ(cost_of(initial.choices).forced, 2u);
  const CourseTest test = [&](const Course& candidate) -> std::optional<Choices> {
    const Made run = along(candidate);
    if (!wrong(run)) return std::nullopt;
    return run.choices;
  };
  EXPECT_EQ(cost_of(straighten(course, initial.choices, test, 100).choices).forced, 1u);
}

TEST(Straighten, WhatCannotBeFollowedStaysAsItIs) {
  const Made initial = random_run(1);
  const CourseTest never = [](const Course&) { return std::nullopt; };
  const Straightened result = straighten(initial.course, initial.choices, never, 100);
  EXPECT_EQ(result.tests, 1u);
  EXPECT_EQ(result.choices.size(), initial.choices.size());
  EXPECT_EQ(straighten(initial.course, initial.choices, never, 0).tests, 0u);
}

TEST(Straighten, StopsAtItsBudgetWithTheBestSoFar) {
  const Made initial = first_wrong(3);
  const CourseTest test = [](const Course& course) -> std::optional<Choices> {
    const Made run = along(course);
    if (!lost(run)) return std::nullopt;
    return run.choices;
  };
  std::size_t before = cost_of(initial.choices).forced;
  for (const std::size_t budget : {3u, 10u, 30u, 90u}) {
    const Straightened result = straighten(initial.course, initial.choices, test, budget);
    EXPECT_LE(result.tests, budget);
    EXPECT_LE(cost_of(result.choices).forced, before);
    before = cost_of(result.choices).forced;
  }
}

}  // namespace
}  // namespace chicane::witness
