// SPDX-License-Identifier: Apache-2.0
//
// Races that nearly every run hides behind a lock: foretold from the run at hand, and shown by a
// witness. And what looks alike, but is ordered: of that nothing is reported.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "chicane/golang.h"
#include "expect.h"

namespace chicane::tests {
namespace {

/// One schedule only, by a walk of this seed.
Options one_run(std::uint64_t seed) {
  Options with = options(1);
  with.strategy = Strategy::kRandom;
  with.seed = seed;
  return with;
}

/// So many that each thread has to do before it comes to the second half: in hardly one run in a
/// thousand is it the first there.
constexpr int kRounds = 40;

/// One thread writes before it takes the lock, the other after it has taken it kRounds times.
template <class Mutex, class OtherGuard>
void race_behind() {
  Mutex mutex;
  [[maybe_unused]] int value = 0;  // written only
  int rounds = 0;
  together(
      [&] {
        value = 1;  //~ first-write
        const std::unique_lock guard(mutex);
        ++rounds;
      },
      [&] {
        int seen = 0;
        for (int i = 0; i < kRounds; ++i) {
          const OtherGuard guard(mutex);
          seen += rounds;
        }
        value = seen;  //~ second-write
      });
}

/// In each of so many runs, one at a time.
void expect_from_one_run(const Program& program, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE(seed);
    expect_found(program, {"data-race @first-write @second-write"}, one_run(seed));
  }
}

TEST(RacePrediction, ARaceBehindALockIsFoundFromOneRun) {
  expect_from_one_run(race_behind<std::mutex, std::lock_guard<std::mutex>>, 8);
}

TEST(RacePrediction, BehindALockOfGo) {
  expect_from_one_run(race_behind<golang::Mutex, std::lock_guard<golang::Mutex>>, 4);
}

TEST(RacePrediction, BehindAReadersAndAWritersLock) {
  expect_from_one_run(race_behind<std::shared_mutex, std::shared_lock<std::shared_mutex>>, 4);
}

// ---- what is ordered ----

TEST(RacePrediction, DataThatAFlagUnderTheLockHandsOver) {
  expect_clean([] {
    std::mutex mutex;
    bool ready = false;
    int value = 0;
    together(
        [&] {
          value = 1;
          const std::lock_guard guard(mutex);
          ready = true;
        },
        [&] {
          bool seen = false;
          {
            const std::lock_guard guard(mutex);
            seen = ready;
          }
          if (seen) ++value;
        });
  });
}

TEST(RacePrediction, DataThatAConditionHandsOver) {
  expect_clean([] {
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    int value = 0;
    together(
        [&] {
          value = 1;
          {
            const std::lock_guard guard(mutex);
            ready = true;
          }
          changed.notify_one();
        },
        [&] {
          {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return ready; });
          }
          ++value;
        });
  });
}

TEST(RacePrediction, AccessesThatAnAtomicOrders) {
  expect_clean([] {
    std::mutex mutex;
    std::atomic<int> turn = 0;
    int value = 0, rounds = 0;
    together(
        [&] {
          value = 1;
          {
            const std::lock_guard guard(mutex);
            ++rounds;
          }
          turn.store(1, std::memory_order_release);
        },
        [&] {
          {
            const std::lock_guard guard(mutex);
            ++rounds;
          }
          if (turn.load(std::memory_order_acquire) == 1) ++value;
        });
  });
}

}  // namespace
}  // namespace chicane::tests
