// SPDX-License-Identifier: Apache-2.0
//
// Threads that wait actively in exhaustive searches: these come to their end, as many runs are made
// as there are traces in which nobody goes round more than twice for nothing, and every state is
// seen that an enumeration sees in which whoever has gone round too often is given up.
//
// The loops have their test at the end: compilers make two places of one at the beginning.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "chicane/golang.h"
#include "engine/engine.h"
#include "strategies/mix.h"
#include "tests/exhaust.h"

namespace chicane::tests {
namespace {

constexpr std::uint64_t kMost = 20000;
constexpr auto kFinished = static_cast<int>(engine::RunEnd::kFinished);

Exhausted held(const std::function<void()>& program, const char* strategy) {
  return exhaust_held(program, strategy, kMost);
}

/// By both searches, to the end.
void expect_runs(const std::function<void()>& program, std::size_t count) {
  const Exhausted dpor = held(program, "dpor");
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(dpor.traces.size(), count);
  EXPECT_EQ(dpor.distinct().size(), count);
  EXPECT_EQ(dpor.given_up, 0u);
  const Exhausted dfs = held(program, "dfs");
  EXPECT_TRUE(dfs.done);
  EXPECT_EQ(dfs.distinct(dpor.heeds_all), dpor.distinct());
  EXPECT_EQ(dfs.ends, dpor.ends);
}

template <typename... Bodies>
void together(const Bodies&... bodies) {
  std::vector<std::thread> threads;
  (threads.emplace_back(bodies), ...);
  for (std::thread& thread : threads) thread.join();
}

void await(const std::atomic<int>& flag) {
  int seen;
  do {
    seen = flag.load();
  } while (seen == 0);
}

// It looks never, once or twice before the flag is set; who has looked twice is held.
TEST(ExhaustiveSpins, AFlag) {
  expect_runs(
      [] {
        std::atomic<int> flag{0};
        together([&] { await(flag); }, [&] { flag = 1; });
      },
      3);
}

TEST(ExhaustiveSpins, AFlagOfTwoAfterWork) {
  const auto program = [] {
    std::atomic<int> flag{0}, work{0};
    const auto spin = [&] { await(flag); };
    together(spin, spin, [&] {
      for (int i = 0; i < 3; ++i) ++work;
      flag = 1;
    });
  };
  expect_runs(program, 9);
}

// In each but the first of 2 n turns somebody waits: 0 or 1 looks for nothing and on it goes, or 2,
// and it does not.
TEST(ExhaustiveSpins, PingPongOnYield) {
  const auto program = [](int games) {
    std::atomic<int> turn{0};
    const auto play = [&](int me) {
      for (int game = 0; game < games; ++game) {
        int whose;
        do {
          std::this_thread::yield();
          whose = turn.load();
        } while (whose != me);
        turn = 1 - me;
      }
    };
    together([&] { play(0); }, [&] { play(1); });
  };
  expect_runs([&] { program(1); }, 3);
  const Exhausted five = held([&] { program(5); }, "dpor");
  EXPECT_TRUE(five.done);
  EXPECT_EQ(five.traces.size(), 1023u);
}

TEST(ExhaustiveSpins, TryLock) {
  const auto program = [] {
    std::mutex mutex;
    const auto use = [&] {
      bool got;
      do {
        got = mutex.try_lock();
      } while (!got);
      mutex.unlock();
    };
    together(use, use);
  };
  expect_runs(program, 6);
}

TEST(ExhaustiveSpins, PollWithSleep) {
  const auto program = [] {
    std::atomic<int> flag{0};
    const auto poll = [&] {
      int seen;
      do {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
        seen = flag.load();
      } while (seen == 0);
    };
    together(poll, [&] { flag = 1; });
  };
  expect_runs(program, 3);
}

// An exchange by which nothing changes is a look. Of the two that follow each other, each may come
// before, between and after those of the other that waits.
TEST(ExhaustiveSpins, TestAndSet) {
  std::function<void()> program = [] {
    std::atomic<int> taken{0};
    const auto use = [&] {
      int before;
      do {
        before = taken.exchange(1);
      } while (before != 0);
      taken = 0;
    };
    together(use, use);
  };
  expect_runs(program, 6);
}

// Two places of one flag are looked at by turns: nobody is held in the middle of a round.
TEST(ExhaustiveSpins, ARoundOfSeveralSteps) {
  const auto program = [] {
    std::atomic<int> first{0}, second{0};
    int seen;
    const auto poll = [&] {
      do {
        seen = first.load();
        std::this_thread::yield();
        seen += second.load();
      } while (seen == 0);
    };
    together(poll, [&] { second = 1; });
    report_state(static_cast<std::uint64_t>(seen));
  };
  expect_runs(program, 3);
}

/// What is seen on the way may matter: 0, 1, both or neither, until `look` sees 2.
template <typename Look>
std::uint64_t all_seen(const Look& look) {
  std::uint64_t seen_all = 0;
  int seen, last = -1;
  do {
    seen = look();
    if (seen != last) seen_all = 10 * seen_all + static_cast<std::uint64_t>(seen) + 1;
    last = seen;
  } while (seen < 2);
  return seen_all;
}

/// It looks at each once at most and goes on, or twice and is held there.
void expect_all_seen(const std::function<void()>& program) {
  expect_runs(program, 7);
  EXPECT_EQ(held(program, "dpor").ends,
            (std::set<std::pair<int, std::uint64_t>>{
                {kFinished, 3}, {kFinished, 13}, {kFinished, 23}, {kFinished, 123}}));
}

TEST(ExhaustiveSpins, WhatHasChangedIsSeen) {
  expect_all_seen([] {
    std::atomic<int> count{0};
    std::uint64_t seen = 0;
    together([&] { seen = all_seen([&] { return count.load(); }); },
             [&] {
               ++count;
               ++count;
             });
    report_state(seen);
  });
}

// Nobody sets the flag: the run goes to the step limit, and it is the only one.
TEST(ExhaustiveSpins, NobodyMakesProgress) {
  const auto program = [] {
    std::atomic<int> flag{0};
    together([&] { await(flag); });
  };
  const Exhausted dpor = held(program, "dpor");
  EXPECT_TRUE(dpor.done);
  ASSERT_EQ(dpor.traces.size(), 1u);
  EXPECT_EQ(dpor.ends.begin()->first, static_cast<int>(engine::RunEnd::kStepLimit));
}

/// A plain one, under a lock.
class Flag {
 public:
  void set() {
    const std::lock_guard guard(mutex_);
    set_ = true;
  }
  void await() {
    bool seen;
    do {
      std::this_thread::yield();
      const std::lock_guard guard(mutex_);
      seen = set_;
    } while (!seen);
  }

 private:
  std::mutex mutex_;
  bool set_ = false;
};

// What is polled is plain, under a lock. It looks never, once or twice before the flag is set; the
// lock is taken by the one or the other.
TEST(ExhaustiveSpins, UnderALock) {
  const auto program = [] {
    Flag flag;
    together([&] { flag.await(); }, [&] { flag.set(); });
  };
  expect_runs(program, 3);
}

// Who gets the lock sees what was done under it.
TEST(ExhaustiveSpins, WhatHasChangedUnderALockIsSeen) {
  expect_all_seen([] {
    std::mutex mutex;
    int count = 0;
    const auto look = [&] {
      mutex.lock();
      const int seen = count;
      mutex.unlock();
      return seen;
    };
    std::uint64_t seen = 0;
    together([&] { seen = all_seen(look); },
             [&] {
               for (int i = 0; i < 2; ++i) {
                 const std::lock_guard guard(mutex);
                 ++count;
               }
             });
    report_state(seen);
  });
}

// Who finds the second lock taken gives back the first one. Each may find it so once or twice while
// the other stands there or goes round itself; and both may, one because of the other, so that
// there is no end of it. An enumeration of all 173,043 interleavings has as many traces.
TEST(ExhaustiveSpins, BackingOff) {
  const auto program = [] {
    std::mutex a, b;
    const auto take = [](std::mutex& first, std::mutex& second) {
      bool got;
      do {
        first.lock();
        got = second.try_lock();
        if (!got) first.unlock();
      } while (!got);
      second.unlock();
      first.unlock();
    };
    together([&] { take(a, b); }, [&] { take(b, a); });
  };
  const Exhausted dpor = held(program, "dpor");
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(dpor.traces.size(), 569u);
  EXPECT_EQ(dpor.distinct().size(), dpor.traces.size());
  EXPECT_EQ(dpor.given_up, 0u);
}

// But if they try three times each, both may fail each time.
TEST(ExhaustiveSpins, BackingOffThreeTimes) {
  const auto program = [] {
    std::mutex a, b;
    std::uint64_t failures[2] = {};
    const auto take = [](std::mutex& first, std::mutex& second, std::uint64_t* failed) {
      int tries = 0;
      bool got;
      do {
        first.lock();
        got = second.try_lock();
        if (got) second.unlock();
        if (!got) ++*failed;
        first.unlock();
      } while (!got && ++tries < 3);
    };
    together([&] { take(a, b, &failures[0]); }, [&] { take(b, a, &failures[1]); });
    report_state(10 * failures[0] + failures[1]);
  };
  const Exhausted dpor = held(program, "dpor");
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(dpor.ends.count({kFinished, 33}), 1u);
  EXPECT_EQ(dpor.ends.size(), 16u);
}

// Nobody ever sets it: the run goes to the step limit, and it is the only one.
TEST(ExhaustiveSpins, NobodyMakesProgressUnderALock) {
  const auto program = [] {
    Flag flag;
    together([&] { flag.await(); });
  };
  const Exhausted dpor = held(program, "dpor");
  EXPECT_TRUE(dpor.done);
  ASSERT_EQ(dpor.traces.size(), 1u);
  EXPECT_EQ(dpor.ends.begin()->first, static_cast<int>(engine::RunEnd::kStepLimit));
}

// Who counts under the lock makes progress, though it does not leave its loop by itself: each of
// the numbers may be seen on the way, or not.
TEST(ExhaustiveSpins, WhatIsCountedUnderALock) {
  const auto program = [] {
    constexpr int kEnough = 4;
    std::mutex mutex;
    int rounds = 0, seen = 0;
    bool stop = false;
    const auto count = [&] {
      bool stopped;
      do {
        const std::lock_guard guard(mutex);
        if (rounds < kEnough) ++rounds;
        stopped = stop;
      } while (!stopped);
    };
    const auto watch = [&] {
      bool enough;
      do {
        const std::lock_guard guard(mutex);
        seen |= 1 << rounds;
        enough = rounds == kEnough;
        if (enough) stop = true;
      } while (!enough);
    };
    together(count, watch);
    report_state(static_cast<std::uint64_t>(seen));
  };
  const Exhausted dpor = held(program, "dpor");
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(dpor.ends.size(), 16u);
}

// Who sends announces that before it does: each of the two may come before, between and after two
// tries. Where sender and receiver have to meet, a try may miss who is there.
TEST(ExhaustiveSpins, TriesAtAChannel) {
  const auto program = [](std::size_t capacity, bool select) {
    golang::Chan<int> channel(capacity);
    const auto poll = [&] {
      bool got;
      do {
        got = !select && channel.try_recv();
        if (!select) continue;
        golang::select(golang::on_recv(channel, [&](const std::optional<int>&) { got = true; }),
                       golang::otherwise([] {}));
      } while (!got);
    };
    together(poll, [&] { channel.send(1); });
  };
  for (const bool select : {false, true}) {
    expect_runs([&] { program(1, select); }, 6);
    expect_runs([&] { program(0, select); }, 6);
  }
}

// Attempts that are numbered are no waiting: all five may fail, though there always comes who sets
// the flag.
TEST(ExhaustiveSpins, ALoopThatEndsByItself) {
  const auto program = [] {
    std::atomic<int> flag{0};
    int attempts = 0;
    const auto attempt = [&] {
      int seen;
      do {
        seen = flag.load();
      } while (seen == 0 && ++attempts < 5);
    };
    together(attempt, [&] { flag = 1; });
    report_state(static_cast<std::uint64_t>(attempts));
  };
  expect_runs(program, 6);
  EXPECT_EQ(held(program, "dpor").ends.size(), 6u);
}

// Nor is a long loop that looks each time whether it is to stop: what comes after it is seen.
TEST(ExhaustiveSpins, ALongLoopThatLooksAtAFlag) {
  const auto program = [] {
    constexpr int kLength = 1000;
    std::atomic<bool> stop{false};
    int sum = 0;
    const auto work = [&] {
      int i = 0;
      bool stopped;
      do {
        sum += i;
        stopped = stop.load();
      } while (!stopped && ++i < kLength);
      if (!stopped) report_state(1);
    };
    together(work);
  };
  const Exhausted dpor = held(program, "dpor");
  EXPECT_TRUE(dpor.done);
  EXPECT_EQ(dpor.searched_ends, (std::set<std::pair<int, std::uint64_t>>{{kFinished, 1}}));
}

}  // namespace
}  // namespace chicane::tests
