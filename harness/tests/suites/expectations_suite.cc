// SPDX-License-Identifier: Apache-2.0
//
// Tests that explore by themselves, with the macros of chicane/gtest.h. Those named Wrong fail, and
// suites_test.cc looks at how.
#include <mutex>
#include <thread>

#include "chicane/gtest.h"

namespace {

void race() {
  int counter = 0;
  std::thread other([&counter] { ++counter; });
  ++counter;
  other.join();
}

void locked() {
  int counter = 0;
  std::mutex mutex;
  const auto body = [&] {
    const std::lock_guard<std::mutex> lock(mutex);
    ++counter;
  };
  std::thread other(body);
  body();
  other.join();
}

TEST(Self, Explores) {
  EXPECT_CHICANE_CLEAN(locked);
  EXPECT_CHICANE_DIAGNOSES(race, "data-race");
  chicane::Options options;
  options.schedules = 50;
  ASSERT_CHICANE_CLEAN(locked, options) << "with options";
  ASSERT_CHICANE_DIAGNOSES(race, "data-race", options);
  if (true)
    EXPECT_CHICANE_CLEAN(locked, options);
  else
    FAIL() << "the macro swallowed an else";
}

TEST(Wrong, NotClean) {
  EXPECT_CHICANE_CLEAN(race) << "says the user";
  ASSERT_CHICANE_CLEAN(race);
  FAIL() << "ASSERT_ goes no further";
}

TEST(Wrong, NotDiagnosed) {
  EXPECT_CHICANE_DIAGNOSES(locked, "data-race");
  EXPECT_CHICANE_DIAGNOSES(race, "deadlock");
  EXPECT_CHICANE_DIAGNOSES(race, "data-rice");
}

}  // namespace
