// SPDX-License-Identifier: Apache-2.0
//
// Threads that wait actively and let time go by, in exhaustive searches: retries of timed tries,
// polling with sleeps, loops that look at the clock. They come to their end; and what others wait
// for meanwhile, until a time, is missed in no run.
//
// The loops have their test at the end: compilers make two places of one at the beginning.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <functional>
#include <future>
#include <mutex>
#include <semaphore>
#include <set>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "tests/exhaust.h"
#include "tests/looping_programs.h"

namespace chicane::tests {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using Milliseconds = std::chrono::milliseconds;

constexpr std::uint64_t kMost = 20000;
constexpr auto kFinished = static_cast<int>(engine::RunEnd::kFinished);

template <typename... Bodies>
void together(const Bodies&... bodies) {
  std::vector<std::thread> threads;
  (threads.emplace_back(bodies), ...);
  for (std::thread& thread : threads) thread.join();
}

/// The states of the runs that came to their end.
std::set<std::uint64_t> states(const Exhausted& of) {
  std::set<std::uint64_t> result;
  for (const auto& [end, state] : of.searched_ends) {
    if (end == kFinished) result.insert(state);
  }
  return result;
}

/// By both searches, to the end.
void expect_runs(const std::function<void()>& program, std::size_t count) {
  const Exhausted dpor = exhaust_held(program, "dpor", kMost);
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(dpor.traces.size(), count);
  EXPECT_EQ(dpor.distinct().size(), count);
  EXPECT_EQ(dpor.given_up, 0u);
  EXPECT_FALSE(dpor.incomplete);
  const Exhausted dfs = exhaust_held(program, "dfs", kMost);
  EXPECT_TRUE(dfs.done);
  EXPECT_EQ(dfs.distinct(dpor.heeds_all), dpor.distinct());
  EXPECT_EQ(dfs.ends, dpor.ends);
}

// The deadline is another one in each round.
TEST(ExhaustiveSpins, TimedTriesForALock) {
  std::function<void()> program = [] {
    std::timed_mutex mutex;
    const auto use = [&] {
      bool got;
      do {
        got = mutex.try_lock_for(1ms);
      } while (!got);
      mutex.unlock();
    };
    together(use, use);
  };
  expect_runs(program, 26);
  program = [] {
    std::shared_timed_mutex mutex;
    const auto write = [&] {
      bool got;
      do {
        got = mutex.try_lock_until(steady_clock::now() + 1ms);
      } while (!got);
      mutex.unlock();
    };
    const auto read = [&] {
      bool got;
      do {
        got = mutex.try_lock_shared_for(1ms);
      } while (!got);
      mutex.unlock_shared();
    };
    together(write, read);
  };
  expect_runs(program, 26);
}

// These wait at a futex, and look at a value before and after.
TEST(ExhaustiveSpins, TimedTriesForASemaphore) {
  expect_runs(
      [] {
        std::counting_semaphore<4> semaphore(0);
        const auto take = [&] {
          bool got;
          do {
            got = semaphore.try_acquire_for(1ms);
          } while (!got);
        };
        together(take, [&] { semaphore.release(); });
      },
      47);
}

TEST(ExhaustiveSpins, TimedWaitsForAFuture) {
  expect_runs(
      [] {
        std::promise<int> promise;
        auto future = promise.get_future();
        const auto wait = [&] {
          std::future_status status;
          do {
            status = future.wait_for(1ms);
          } while (status != std::future_status::ready);
        };
        together(wait, [&] { promise.set_value(1); });
      },
      36);
}

// The deadline is another one in each round, and is on the stack as well: as a time, in seconds and
// in nanoseconds. It may be there already, or look once, or twice, and is held there.
TEST(ExhaustiveSpins, WaitsForAConditionUntilATime) {
  const auto program = [](bool sleeps) {
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    std::uint64_t was_woken = 0;
    const auto wait = [&] {
      std::unique_lock lock(mutex);
      bool woken = false;
      while (!ready) woken = changed.wait_for(lock, 1ms) == std::cv_status::no_timeout;
      was_woken = woken ? 1 : 0;
    };
    const auto set = [&] {
      if (sleeps) std::this_thread::sleep_for(3ms);
      const std::lock_guard guard(mutex);
      ready = true;
      changed.notify_one();
    };
    together(wait, set);
    report_state(was_woken);
  };
  Exhausted dpor = exhaust_held([&] { program(false); }, "dpor", kMost);
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(dpor.traces.size(), 6u);
  EXPECT_EQ(dpor.distinct().size(), 6u);
  EXPECT_EQ(dpor.given_up, 0u);
  // While the other one sleeps each round counts: who is woken has waited three times before.
  dpor = exhaust_held([&] { program(true); }, "dpor", kMost);
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(dpor.distinct().size(), dpor.traces.size());
  EXPECT_EQ(states(dpor), (std::set<std::uint64_t>{0, 1}));
}

TEST(ExhaustiveSpins, TheClockInEachRound) {
  expect_runs(
      [] {
        std::atomic<int> flag{0};
        const auto poll = [&] {
          int seen;
          do {
            std::this_thread::sleep_until(steady_clock::now() + 1ms);
            seen = flag.load();
          } while (seen == 0);
        };
        together(poll, [&] { flag = 1; });
      },
      3);
}

// Who gives up after some time gets on, however often it finds the same.
TEST(ExhaustiveSpins, WhoGivesUpAfterATimeIsNotHeld) {
  const auto program = [] {
    std::atomic<int> flag{0};
    std::uint64_t rounds = 0;
    const auto poll = [&] {
      const auto end = steady_clock::now() + 20us;
      int seen;
      do {
        seen = flag.load();
        ++rounds;
      } while (seen == 0 && steady_clock::now() < end);
    };
    together(poll, [&] { flag = 1; });
    report_state(rounds);
  };
  expect_runs(program, 5);
  EXPECT_EQ(states(exhaust_held(program, "dpor", kMost)), (std::set<std::uint64_t>{1, 2, 3, 4}));
}

// A time that is far: as the clock goes, 60 s are more than 256 rounds.
TEST(ExhaustiveSpins, WhoGivesUpAfterALongTimeIsNotHeld) {
  const auto program = [] {
    std::atomic<int> flag{0};
    std::uint64_t gave_up = 0;
    const auto poll = [&] {
      const auto end = steady_clock::now() + 60s;
      int seen;
      do {
        seen = flag.load();
      } while (seen == 0 && steady_clock::now() < end);
      gave_up = seen == 0 ? 1 : 0;
    };
    together(poll, [&] { flag = 1; });
    report_state(gave_up);
  };
  const Exhausted dpor = exhaust_held(program, "dpor", kMost);
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(states(dpor), (std::set<std::uint64_t>{0, 1}));
}

// Who polls cannot be seen alone while another one sleeps: that one is to wake first.
TEST(ExhaustiveSpins, AttemptsWhileAnotherSleepsAreNumbered) {
  constexpr std::uint64_t kAttempts = 6;
  const auto program = [] {
    std::atomic<int> flag{0};
    std::uint64_t attempts = 0;
    const auto poll = [&] {
      int seen;
      do {
        std::this_thread::sleep_for(1ms);
        seen = flag.load();
      } while (seen == 0 && ++attempts < kAttempts);
    };
    const auto set = [&] {
      std::this_thread::sleep_for(3ms);
      flag = 1;
    };
    together(poll, set);
    report_state(attempts);
  };
  const Exhausted dpor = exhaust_held(program, "dpor", kMost);
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(states(dpor).size(), kAttempts + 1);
}

// Who sleeps with a lock in its hands comes before who waits for it, as to the time, too: that is
// no reason for the other one not to have the lock first.
TEST(ExhaustiveSpins, EitherMaySleepUnderALockFirst) {
  const auto program = [] {
    std::mutex mutex;
    std::uint64_t first = 0;
    const auto use = [&](std::uint64_t me) {
      const std::lock_guard guard(mutex);
      std::this_thread::sleep_for(2ms);
      if (first == 0) first = me;
    };
    together([&] { use(1); }, [&] { use(2); });
    report_state(first);
  };
  expect_runs(program, 2);
  EXPECT_EQ(states(exhaust_held(program, "dpor", kMost)), (std::set<std::uint64_t>{1, 2}));
}

/// What threads do to two counters and a lock, in time. Without a bound they wait as long as it
/// takes: what they wait for is done by main, if by nobody else.
class Sleepers {
 public:
  explicit Sleepers(std::uint64_t seed) : draw_(seed), threads_(2) {
    for (auto& thread : threads_) {
      for (std::uint64_t i = 1 + draw_(2); i-- > 0;) {
        thread.push_back({static_cast<Kind>(draw_(kKinds)), draw_(2), Milliseconds(1 + draw_(3))});
      }
    }
    pause_ = Milliseconds(draw_(3) * 2);
  }

  void run(int most_rounds) const {
    run_loops<Shared>(threads_, most_rounds, &perform, [this](Shared& shared) {
      if (pause_ != Milliseconds(0)) std::this_thread::sleep_for(pause_);
      for (std::atomic<int>& counter : shared.counters) ++counter;
      shared.mutex.lock();
      shared.ready = true;
      shared.mutex.unlock();
      shared.changed.notify_all();
    });
  }

  std::string describe() const {
    static const char* const kNames[] = {"add",    "pause", "await", "attempt",
                                         "insist", "hold",  "wait"};
    std::string text;
    for (const auto& thread : threads_) {
      if (!text.empty()) text += "| ";
      for (const Action& action : thread) {
        text += kNames[action.kind] + std::to_string(action.counter) + "(" +
                std::to_string(action.time.count()) + ") ";
      }
    }
    return text + "| " + std::to_string(pause_.count());
  }

 private:
  enum Kind : int { kAdd, kPause, kAwait, kAttempt, kInsist, kHold, kWait, kKinds };
  struct Action {
    Kind kind;
    std::uint64_t counter;
    Milliseconds time;
  };
  struct Shared {
    std::atomic<int> counters[2] = {};
    std::timed_mutex lock;
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    bool abandoned = false;
  };
  using Loop = BoundedLoop<Shared>;

  static std::uint64_t perform(Loop loop, const Action& action) {
    std::atomic<int>& counter = loop.shared->counters[action.counter];
    std::timed_mutex& lock = loop.shared->lock;
    int seen = 0, attempts = 0;
    bool got = false;
    switch (action.kind) {
      case kAdd:
        seen = counter++;
        break;
      case kPause:
        std::this_thread::sleep_for(action.time);
        seen = counter.load();
        break;
      case kAwait:
        do {
          std::this_thread::sleep_for(action.time);
          seen = counter.load();
        } while (seen == 0 && !loop.give_up());
        break;
      case kAttempt:
        do {
          std::this_thread::sleep_for(action.time);
          seen = counter.load();
        } while (seen == 0 && ++attempts < 3);
        seen = 3 * seen + attempts;
        break;
      case kInsist:
        do {
          got = lock.try_lock_for(action.time);
        } while (!got && !loop.give_up());
        seen = counter.load();
        if (got) lock.unlock();
        break;
      case kWait:
        return wait(loop, action.time);
      case kHold:
      case kKinds:
        lock.lock();
        std::this_thread::sleep_for(action.time);
        seen = counter++;
        lock.unlock();
        break;
    }
    return static_cast<std::uint64_t>(seen);
  }

  /// Whether it was woken in the end.
  static std::uint64_t wait(Loop loop, Milliseconds time) {
    std::unique_lock lock(loop.shared->mutex);
    bool woken = false;
    while (!loop.shared->ready && !loop.give_up()) {
      woken = loop.shared->changed.wait_for(lock, time) == std::cv_status::no_timeout;
    }
    return woken ? 1 : 0;
  }

  Draws draw_;
  std::vector<std::vector<Action>> threads_;
  Milliseconds pause_{0};
};

// Every state that the same programs have with loops of some rounds is seen.
TEST(ExhaustiveSpins, OfRandomProgramsInTimeNothingIsLeftOut) {
  const std::uint64_t first = number("CHICANE_RANDOM_SEED", 1);
  const std::uint64_t programs = number("CHICANE_RANDOM_PROGRAMS", 40);
  const auto rounds = static_cast<int>(number("CHICANE_RANDOM_ROUNDS", 4));
  const std::uint64_t few = number("CHICANE_RANDOM_RUNS", 3000);
  std::uint64_t compared = 0, runs = 0, many = 0;
  for (std::uint64_t seed = first; seed < first + programs; ++seed) {
    const Sleepers program(seed);
    const auto endless = [&] { program.run(0); };
    const auto bounded = [&] { program.run(rounds); };
    const Exhausted naive = exhaust(bounded, {.racy_sites = {}}, few);
    if (!naive.done) continue;
    const std::string what = "seed " + std::to_string(seed) + ": " + program.describe();
    const Exhausted dpor = exhaust_held(endless, "dpor", few);
    if (!dpor.done) continue;
    EXPECT_EQ(dpor.traces.size(), dpor.distinct().size()) << what;
    auto expected = states(naive);
    expected.erase(kAbandoned);
    const auto seen = states(dpor);
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), expected.begin(), expected.end())) << what;
    ++compared;
    runs += dpor.traces.size();
    if (expected.size() > 1) ++many;
    const Exhausted dfs =
        exhaust(endless, {.strategy = "dfs", .fair = true, .racy_sites = {}}, few);
    if (dfs.done) EXPECT_EQ(states(dfs), seen) << what;
  }
  std::printf("%lu programs, %lu runs, %lu of several states\n", compared, runs, many);
  EXPECT_GT(compared, programs / 3);
  EXPECT_GT(many, programs / 6);
}

}  // namespace
}  // namespace chicane::tests
