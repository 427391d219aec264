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

TEST(RacePrediction, ARaceBehindALockIsFoundFromOneRun) {
  const auto program = [] {
    std::mutex mutex;
    int value = 0, rounds = 0;
    together(
        [&] {
          value = 1;  //~ first-write
          const std::lock_guard guard(mutex);
          ++rounds;
        },
        [&] {
          for (int i = 0; i < kRounds; ++i) {
            const std::lock_guard guard(mutex);
            ++rounds;
          }
          value = 2;  //~ second-write
        });
  };
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    expect_found(program, {"data-race @first-write @second-write"}, one_run(seed));
  }
}

TEST(RacePrediction, BehindALockOfGo) {
  const auto program = [] {
    golang::Mutex mutex;
    int value = 0, rounds = 0;
    together(
        [&] {
          value = 1;  //~ go-first
          mutex.lock();
          ++rounds;
          mutex.unlock();
        },
        [&] {
          for (int i = 0; i < kRounds; ++i) {
            const std::lock_guard guard(mutex);
            ++rounds;
          }
          value = 2;  //~ go-second
        });
  };
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    expect_found(program, {"data-race @go-first @go-second"}, one_run(seed));
  }
}

TEST(RacePrediction, BehindAReadersAndAWritersLock) {
  const auto program = [] {
    std::shared_mutex mutex;
    int value = 0, rounds = 0;
    together(
        [&] {
          value = 1;  //~ rw-first
          const std::unique_lock guard(mutex);
          ++rounds;
        },
        [&] {
          int seen = 0;
          for (int i = 0; i < kRounds; ++i) {
            const std::shared_lock guard(mutex);
            seen += rounds;
          }
          value = seen;  //~ rw-second
        });
  };
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE(seed);
    expect_found(program, {"data-race @rw-first @rw-second"}, one_run(seed));
  }
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
