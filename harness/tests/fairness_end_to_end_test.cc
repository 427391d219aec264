// SPDX-License-Identifier: Apache-2.0
//
// Threads that wait actively do not trap a strategy: each program counts how often it went round,
// and asserts that this is far from what the step budget would allow. Correct programs all: under
// every strategy they are silent, and every schedule comes to its end.
#include <atomic>
#include <cassert>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

using std::chrono::milliseconds;

// The step limit is 20,000; a spinning thread comes round once per step or two.
constexpr int kMostRounds = 1500;

/// Two threads read a flag until it is set; who sets it has work to do before.
void unfair_spin() {
  std::atomic<bool> done{false};
  std::atomic<int> work{0};
  const auto spin = [&] {
    for (int rounds = 0; !done; ++rounds) assert(rounds < kMostRounds);
  };
  const auto last = [&] {
    for (int i = 0; i < 20; ++i) ++work;
    done = true;
  };
  together(spin, spin, last);
}

/// Two threads wait for each other's turn.
void ping_pong_on_yield() {
  std::atomic<int> turn{0};
  const auto play = [&](int me) {
    for (int game = 0; game < 5; ++game) {
      for (int rounds = 0; turn != me; ++rounds) {
        assert(rounds < kMostRounds);
        std::this_thread::yield();
      }
      turn = 1 - me;
    }
  };
  together([&] { play(0); }, [&] { play(1); });
}

/// A lock that is tried again at once.
void try_lock_retry() {
  std::mutex mutex;
  std::atomic<int> work{0};
  const auto use = [&] {
    for (int rounds = 0; !mutex.try_lock(); ++rounds) assert(rounds < kMostRounds);
    for (int i = 0; i < 10; ++i) ++work;
    mutex.unlock();
  };
  together(use, use, use);
}

/// A flag that is looked at every millisecond.
void poll_with_sleep() {
  std::atomic<bool> done{false};
  std::atomic<int> work{0};
  const auto poll = [&] {
    for (int rounds = 0; !done; ++rounds) {
      assert(rounds < kMostRounds);
      std::this_thread::sleep_for(milliseconds(1));
    }
  };
  const auto last = [&] {
    for (int i = 0; i < 20; ++i) ++work;
    done = true;
  };
  together(poll, poll, last);
}

/// A flag that is looked at under its lock.
void poll_under_lock() {
  std::mutex mutex;
  bool done = false;
  const auto poll = [&] {
    for (int rounds = 0;; ++rounds) {
      const std::lock_guard guard(mutex);
      if (done) return;
      assert(rounds < kMostRounds);
    }
  };
  const auto last = [&] {
    const std::lock_guard guard(mutex);
    done = true;
  };
  together(poll, poll, last);
}

/// Two locks in opposite orders, the second one only tried: who fails backs off.
void backing_off() {
  std::mutex a, b;
  const auto use = [](std::mutex& first, std::mutex& second) {
    for (int rounds = 0;; ++rounds) {
      assert(rounds < kMostRounds);
      const std::lock_guard guard(first);
      if (!second.try_lock()) continue;
      second.unlock();
      return;
    }
  };
  together([&] { use(a, b); }, [&] { use(b, a); });
}

class Fairness : public ::testing::TestWithParam<Strategy> {
 protected:
  static Options with() {
    Options with = options(200);
    with.strategy = GetParam();
    return with;
  }
};

TEST_P(Fairness, UnfairSpin) { expect_clean(&unfair_spin, with()); }
TEST_P(Fairness, PingPongOnYield) { expect_clean(&ping_pong_on_yield, with()); }
TEST_P(Fairness, TryLockRetry) { expect_clean(&try_lock_retry, with()); }
TEST_P(Fairness, PollWithSleep) { expect_clean(&poll_with_sleep, with()); }
TEST_P(Fairness, PollUnderLock) { expect_clean(&poll_under_lock, with()); }
TEST_P(Fairness, BackingOff) { expect_clean(&backing_off, with()); }

INSTANTIATE_TEST_SUITE_P(Strategies, Fairness,
                         ::testing::Values(Strategy::kPortfolio, Strategy::kRandom, Strategy::kPct,
                                           Strategy::kPos, Strategy::kUrw, Strategy::kSurw,
                                           Strategy::kDelay, Strategy::kPreemption, Strategy::kDfs,
                                           Strategy::kDpor),
                         [](const auto& info) { return std::string(to_string(info.param)); });

/// To the end: not even in the last of its runs does somebody go round for long.
TEST(Fairness, TheReductionComesToItsEnd) {
  for (const auto program : {&unfair_spin, &try_lock_retry, &poll_with_sleep}) {
    Options with = options(5000);
    with.strategy = Strategy::kDpor;
    const Result result = explore(program, with);
    EXPECT_TRUE(result.diagnoses.empty()) << describe(result);
    EXPECT_TRUE(result.exhausted) << describe(result);
    EXPECT_NE(result.summary.find("but for those that spinning threads"), std::string::npos)
        << result.summary;
  }
}

/// The enumeration is long, but none of its runs is.
TEST(Fairness, TheEnumerationIsNotTrapped) {
  for (const auto program :
       {&unfair_spin, &ping_pong_on_yield, &try_lock_retry, &poll_with_sleep}) {
    Options with = options(5000);
    with.strategy = Strategy::kDfs;
    expect_clean(program, with);
  }
}

/// Nobody ever sets the flag.
TEST(Fairness, NobodyMakesProgress) {
  const auto stuck = [] {
    std::atomic<bool> done{false};
    const auto spin = [&] {
      while (!done) {  //~ spins
        std::this_thread::yield();
      }
    };
    together(spin, spin);
  };
  Options with = options(3);
  const Result result = explore(stuck, with);
  ASSERT_FALSE(result.diagnoses.empty()) << describe(result);
  EXPECT_EQ(result.diagnoses[0].kind, "livelock");
}

/// With no forced switch at all, main would spin until the schedule is made fair, 20,000 steps
/// later: one switch is the shorter tale.
TEST(Fairness, ASpinsWitnessIsNotTheLongWay) {
  const auto publish = [] {
    int flag = 0;
    std::thread last([&] { flag = 1; });
    while (reinterpret_cast<const volatile int&>(flag) == 0) {
    }
    last.join();
  };
  const Result result = explore(publish, options(100));
  ASSERT_EQ(result.diagnoses.size(), 1U) << describe(result);
  EXPECT_EQ(result.diagnoses[0].kind, "data-race");
  EXPECT_LE(result.diagnoses[0].forced_switches, 1);
  EXPECT_LT(result.diagnoses[0].length, 20U);
}

}  // namespace
}  // namespace chicane::tests
