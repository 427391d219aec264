// SPDX-License-Identifier: Apache-2.0
//
// Every strategy finds the classic mistakes within the default number of schedules, whatever the
// seed.
#include <atomic>
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

void lock_order() {
  std::mutex a, b;
  std::thread other([&] {
    const std::lock_guard first(a);   //~ a-then
    const std::lock_guard second(b);  //~ then-b
  });
  {
    const std::lock_guard first(b);   //~ b-then
    const std::lock_guard second(a);  //~ then-a
  }
  other.join();
}

void lost_update() {
  std::atomic<int> balance{0};
  const auto deposit = [&] {
    const int before = balance;  //~ reads-balance
    balance = before + 10;       //~ sets-balance
  };
  std::thread one(deposit), two(deposit);
  one.join();
  two.join();
}

void lost_wakeup() {
  std::mutex mutex;
  std::condition_variable changed;
  std::thread consumer([&] {
    std::unique_lock lock(mutex);
    changed.wait(lock);  //~ waits
  });
  {
    const std::lock_guard guard(mutex);
    changed.notify_one();  //~ signals
  }
  consumer.join();
}

class EveryStrategy : public ::testing::TestWithParam<Strategy> {
 protected:
  /// Bounded search has no chance in it: one seed tells all.
  static std::uint64_t seeds() {
    const bool bounded = GetParam() == Strategy::kDelay || GetParam() == Strategy::kPreemption;
    return bounded ? 1 : 20;
  }
  static void expect_always(const Program& program, const std::string& expected) {
    for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
      Options with;  // the defaults
      with.strategy = GetParam();
      with.seed = seed * 1000003;
      with.shrink = false;
      with.bad_runs = 2;  // once it is found, enough
      const Result result = explore(program, with);
      EXPECT_TRUE(has_exactly(result, __FILE__, {expected})) << "seed " << with.seed;
      EXPECT_EQ(result.strategy, to_string(GetParam()));
    }
  }
};

TEST_P(EveryStrategy, FindsLocksInOppositeOrders) {
  expect_always(&lock_order, "deadlock holds@a-then waits@then-b holds@b-then waits@then-a");
}
TEST_P(EveryStrategy, FindsALostUpdate) {
  expect_always(&lost_update,
                "lost-update read@reads-balance lost@sets-balance write@sets-balance");
}
TEST_P(EveryStrategy, FindsALostWakeup) {
  expect_always(&lost_wakeup, "lost-wakeup waits@waits signals@signals");
}

INSTANTIATE_TEST_SUITE_P(Strategies, EveryStrategy,
                         ::testing::Values(Strategy::kPortfolio, Strategy::kRandom, Strategy::kPct,
                                           Strategy::kPos, Strategy::kUrw, Strategy::kSurw,
                                           Strategy::kDelay, Strategy::kPreemption),
                         [](const auto& info) { return std::string(to_string(info.param)); });

// A process that comes after one with more threads finds more contexts made ahead, and its threads
// elsewhere: the main thread's variables are the same objects still.
TEST(Exhaustive, GoesThroughTheSameRunsWithAProcessForEach) {
  const Program program = [] {
    std::mutex mutex;
    std::atomic<int> steps{0};
    const auto locker = [&mutex] { const std::lock_guard guard(mutex); };
    std::thread counter([&] {
      for (int i = 0; i < 3; ++i) steps.fetch_add(1);
    });
    std::thread watcher([&] {
      for (int i = 0; i < 3; ++i) {
        if (steps.load() != i) return;
      }
      together(locker, locker, locker);  // in few runs
    });
    counter.join();
    watcher.join();
  };
  Options with = options();
  with.strategy = Strategy::kDpor;
  const Result batch = explore(program, with);
  with.isolate_runs = true;
  const Result isolated = explore(program, with);
  EXPECT_TRUE(batch.exhausted);
  EXPECT_TRUE(isolated.exhausted);
  EXPECT_EQ(isolated.runs, batch.runs);
  EXPECT_EQ(isolated.blocked, 0u);
}

}  // namespace
}  // namespace chicane::tests
