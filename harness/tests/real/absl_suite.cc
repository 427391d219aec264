// SPDX-License-Identifier: Apache-2.0
//
// Abseil 20220623 (libabsl-dev): absl::Mutex is in a library that is not instrumented; README.md
// says what that means.
#include <absl/synchronization/mutex.h>

#include "chicane/gtest.h"
#include "real/threads.h"

namespace {

void locked_counter() {
  absl::Mutex mutex;
  int counter = 0;
  const auto count = [&] {
    const absl::MutexLock lock(&mutex);
    ++counter;
  };
  together(count, count);
  EXPECT_EQ(counter, 2);
}

void handed_over() {
  absl::Mutex mutex;
  bool ready = false;
  together(
      [&] {
        const absl::MutexLock lock(&mutex);
        ready = true;
      },
      [&] {
        const absl::MutexLock lock(&mutex);
        mutex.Await(absl::Condition(&ready));
      });
}

TEST(AbslMutex, Excludes) { EXPECT_CHICANE_CLEAN(locked_counter); }
TEST(AbslMutex, Awaits) { EXPECT_CHICANE_CLEAN(handed_over); }

}  // namespace
