// SPDX-License-Identifier: Apache-2.0
//
// Threads that wait actively as libraries do: they spin for a while, then yield, then sleep, longer
// each time, or try until a deadline, again and again. They trap no strategy, and none takes them
// for a livelock; the exhaustive search comes to its end.
#include <algorithm>
#include <atomic>
#include <barrier>
#include <cassert>
#include <chrono>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr int kMostRounds = 1500;

/// What `wait` waits for comes after some work.
template <typename Wait>
void wait_for_work(const Wait& wait) {
  std::atomic<bool> done{false};
  std::atomic<int> work{0};
  const auto last = [&] {
    for (int i = 0; i < 4; ++i) ++work;
    done = true;
  };
  together([&] { wait(done); }, last);
}

void growing_sleeps() {
  wait_for_work([](const std::atomic<bool>& done) {
    for (int rounds = 0; !done; ++rounds) {
      assert(rounds < kMostRounds);
      std::this_thread::sleep_for(microseconds(1 << std::min(rounds, 10)));
    }
  });
}

void growing_pauses() {
  wait_for_work([](const std::atomic<bool>& done) {
    int pauses = 1;
    for (int rounds = 0; !done; ++rounds) {
      assert(rounds < kMostRounds);
      for (int i = 0; i < pauses; ++i) std::this_thread::yield();
      pauses = std::min(2 * pauses, 16);
    }
  });
}

void first_spin_then_yield_then_sleep() {
  wait_for_work([](const std::atomic<bool>& done) {
    for (int rounds = 0; !done; ++rounds) {
      assert(rounds < kMostRounds);
      if (rounds >= 8) std::this_thread::sleep_for(microseconds(50));
      if (rounds >= 4 && rounds < 8) std::this_thread::yield();
    }
  });
}

/// Its waits look at the value some times before they go to sleep.
void of_the_library() {
  std::atomic<int> flag{0};
  std::latch latch(1);
  std::counting_semaphore<2> semaphore(0);
  const auto wait = [&] {
    flag.wait(0);
    latch.wait();
    semaphore.acquire();
  };
  const auto go = [&] {
    flag = 1;
    flag.notify_one();
    latch.count_down();
    semaphore.release();
  };
  together(wait, go);
}

void of_a_barrier() {
  std::barrier<> barrier(2);
  const auto arrive = [&] { barrier.arrive_and_wait(); };
  together(arrive, arrive);
}

void timed_tries() {
  std::timed_mutex mutex;
  const auto use = [&] {
    for (int rounds = 0; !mutex.try_lock_for(milliseconds(1)); ++rounds) {
      assert(rounds < kMostRounds);
    }
    mutex.unlock();
  };
  together(use, use);
}

void timed_waits() {
  std::mutex mutex;
  std::condition_variable changed;
  bool ready = false;
  const auto wait = [&] {
    std::unique_lock lock(mutex);
    while (!changed.wait_for(lock, milliseconds(1), [&] { return ready; })) continue;
  };
  const auto set = [&] {
    const std::lock_guard guard(mutex);
    ready = true;
    changed.notify_one();
  };
  together(wait, set);
}

void timed_waits_for_a_future() {
  std::promise<void> promise;
  std::future<void> future = promise.get_future();
  const auto wait = [&] {
    int rounds = 0;
    while (future.wait_for(milliseconds(1)) != std::future_status::ready) {
      assert(++rounds < kMostRounds);
    }
  };
  together(wait, [&] { promise.set_value(); });
}

constexpr auto kPrograms = {&growing_sleeps,
                            &growing_pauses,
                            &first_spin_then_yield_then_sleep,
                            &of_the_library,
                            &of_a_barrier,
                            &timed_tries,
                            &timed_waits,
                            &timed_waits_for_a_future};

class FairnessOfBackoff : public ::testing::TestWithParam<Strategy> {};

TEST_P(FairnessOfBackoff, NoStrategyIsTrapped) {
  for (const auto program : kPrograms) {
    Options with = options(100);
    with.strategy = GetParam();
    expect_clean(program, with);
  }
}

INSTANTIATE_TEST_SUITE_P(Strategies, FairnessOfBackoff,
                         ::testing::Values(Strategy::kPortfolio, Strategy::kRandom, Strategy::kPct,
                                           Strategy::kPos, Strategy::kUrw, Strategy::kSurw,
                                           Strategy::kDelay, Strategy::kPreemption, Strategy::kDfs,
                                           Strategy::kDpor),
                         [](const auto& info) { return std::string(to_string(info.param)); });

TEST(FairnessOfBackoff, TheReductionComesToItsEnd) {
  for (const auto program : kPrograms) {
    Options with = options(3000);
    with.strategy = Strategy::kDpor;
    const Result result = explore(program, with);
    EXPECT_TRUE(result.diagnoses.empty()) << describe(result);
    EXPECT_TRUE(result.exhausted) << describe(result);
  }
}

}  // namespace
}  // namespace chicane::tests
