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
constexpr std::uint64_t kAbandoned = 1;
constexpr auto kFinished = static_cast<int>(engine::RunEnd::kFinished);

Exhausted held(const std::function<void()>& program, const char* strategy) {
  return exhaust(program, {.strategy = strategy, .fair = true, .racy_sites = {}}, kMost);
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

// What is seen on the way may matter: 0, 1, both or neither. It looks at each once at most and goes
// on, or twice and is held there.
TEST(ExhaustiveSpins, WhatHasChangedIsSeen) {
  const auto program = [] {
    std::atomic<int> count{0};
    std::uint64_t seen_all = 0;
    const auto watch = [&] {
      int seen, last = -1;
      do {
        seen = count.load();
        if (seen != last) seen_all = 10 * seen_all + static_cast<std::uint64_t>(seen) + 1;
        last = seen;
      } while (seen < 2);
    };
    together(watch, [&] {
      ++count;
      ++count;
    });
    report_state(seen_all);
  };
  expect_runs(program, 7);
  EXPECT_EQ(held(program, "dpor").ends,
            (std::set<std::pair<int, std::uint64_t>>{
                {kFinished, 3}, {kFinished, 13}, {kFinished, 23}, {kFinished, 123}}));
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

// The same as of WhatHasChangedIsSeen; who gets the lock sees what was done under it.
TEST(ExhaustiveSpins, WhatHasChangedUnderALockIsSeen) {
  const auto program = [] {
    std::mutex mutex;
    int count = 0;
    std::uint64_t result = 0;
    const auto watch = [&] {
      std::uint64_t seen_all = 0;
      int seen, last = -1;
      do {
        mutex.lock();
        seen = count;
        mutex.unlock();
        if (seen != last) seen_all = 10 * seen_all + static_cast<std::uint64_t>(seen) + 1;
        last = seen;
      } while (seen < 2);
      result = seen_all;
    };
    together(watch, [&] {
      for (int i = 0; i < 2; ++i) {
        const std::lock_guard guard(mutex);
        ++count;
      }
    });
    report_state(result);
  };
  expect_runs(program, 7);
  EXPECT_EQ(held(program, "dpor").ends,
            (std::set<std::pair<int, std::uint64_t>>{
                {kFinished, 3}, {kFinished, 13}, {kFinished, 23}, {kFinished, 123}}));
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

// ---- random programs ----

/// What threads do to two counters and a lock. Without a bound they wait as long as it takes: what
/// they wait for is done by main, if by nobody else.
class Waiters {
 public:
  explicit Waiters(std::uint64_t seed) : state_(seed << 32), threads_(2 + draw(2)) {
    for (auto& thread : threads_) {
      for (std::uint64_t i = 2 + draw(threads_.size() == 2 ? 3 : 2); i-- > 0;) {
        thread.push_back({static_cast<int>(draw(5)), draw(2)});
      }
    }
  }

  void run(int most_rounds) const {
    Shared shared;
    std::vector<std::thread> threads;
    std::vector<std::uint64_t> seen(threads_.size(), 1);
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      threads.emplace_back([&, i] {
        for (const auto& [action, counter] : threads_[i]) {
          const Loop loop{&shared, most_rounds};
          seen[i] = 10 * seen[i] + perform(loop, action, shared.counters[counter]);
        }
      });
    }
    for (std::atomic<int>& counter : shared.counters) counter += 2;
    std::uint64_t state = 0;
    for (std::size_t i = 0; i < threads.size(); ++i) {
      threads[i].join();
      state = 100'000 * state + seen[i];
    }
    report_state(shared.abandoned ? kAbandoned : state);
  }

  std::string describe() const {
    static const char* const kNames[] = {"add", "load", "locked", "await-one", "await-two"};
    std::string text;
    for (const auto& thread : threads_) {
      if (!text.empty()) text += "| ";
      for (const auto& [action, counter] : thread) {
        text += kNames[action] + std::to_string(counter) + " ";
      }
    }
    return text;
  }

 private:
  struct Shared {
    std::atomic<int> counters[2] = {};
    std::atomic<int> lock{0};
    bool abandoned = false;
  };
  struct Loop {
    Shared* shared;
    int most_rounds;  // 0: no bound
    int rounds = 0;
    bool give_up() {
      if (most_rounds == 0 || ++rounds <= most_rounds) return false;
      return shared->abandoned = true;
    }
  };

  std::uint64_t draw(std::uint64_t below) { return strategies::mix(state_++) % below; }

  static std::uint64_t perform(Loop loop, int action, std::atomic<int>& counter) {
    int seen = 0;
    switch (action) {
      case 0:
        ++counter;
        break;
      case 1:
        seen = counter.load();
        break;
      case 2:
        do {
          std::this_thread::yield();
          seen = loop.shared->lock.exchange(1);
        } while (seen != 0 && !loop.give_up());
        seen = counter.load();
        if (!loop.shared->abandoned) loop.shared->lock = 0;
        break;
      default:
        do {
          seen = counter.load();
        } while (seen < action - 2 && !loop.give_up());
        break;
    }
    return static_cast<std::uint64_t>(seen);
  }

  std::uint64_t state_;
  std::vector<std::vector<std::pair<int, std::uint64_t>>> threads_;
};

/// The states of the runs that came to their end.
std::set<std::uint64_t> states(const Exhausted& of) {
  std::set<std::uint64_t> result;
  for (const auto& [end, state] : of.ends) {
    if (end == kFinished && state != kAbandoned) result.insert(state);
  }
  return result;
}

TEST(ExhaustiveSpins, OfRandomProgramsNothingIsLeftOut) {
  constexpr std::uint64_t kPrograms = 40;
  constexpr int kRounds = 2;
  constexpr std::uint64_t kFew = 2000;
  std::uint64_t compared = 0, runs = 0, many = 0;
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const Waiters program(seed);
    const auto endless = [&] { program.run(0); };
    const auto bounded = [&] { program.run(kRounds); };
    const Exhausted naive = exhaust(bounded, {.strategy = "dpor", .racy_sites = {}}, kMost);
    if (!naive.done) continue;
    const Exhausted dpor = held(endless, "dpor");
    const std::string what = "seed " + std::to_string(seed) + ": " + program.describe();
    EXPECT_TRUE(dpor.done) << what;
    const auto seen = states(dpor), expected = states(naive);
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), expected.begin(), expected.end())) << what;
    EXPECT_EQ(dpor.traces.size(), dpor.distinct().size()) << what;
    EXPECT_EQ(dpor.given_up, 0u) << what;
    const Exhausted frugal = exhaust(
        endless, {.strategy = "dpor", .remembered = 0, .fair = true, .racy_sites = {}}, kMost);
    EXPECT_EQ(frugal.distinct(), dpor.distinct()) << what;
    EXPECT_EQ(frugal.traces.size(), dpor.traces.size()) << what;
    ++compared;
    runs += dpor.traces.size();
    if (expected.size() > 1) ++many;
    const Exhausted dfs =
        exhaust(endless, {.strategy = "dfs", .fair = true, .racy_sites = {}}, kFew);
    if (!dfs.done) continue;
    EXPECT_EQ(dfs.distinct(dpor.heeds_all), dpor.distinct()) << what;
    EXPECT_EQ(dfs.ends, dpor.ends) << what;
  }
  std::printf("%lu programs, %lu runs, %lu of several states\n", compared, runs, many);
  EXPECT_GT(compared, kPrograms / 3);
  EXPECT_GT(many, kPrograms / 6);
}

std::uint64_t number(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// What threads do to two counters, each under a lock of its own. Whether somebody has a lock just
/// then is seen, too.
class Lockers {
 public:
  explicit Lockers(std::uint64_t seed) : state_(seed << 32), threads_(2) {
    for (auto& thread : threads_) {
      for (std::uint64_t i = 1 + draw(2); i-- > 0;) {
        thread.push_back({static_cast<int>(draw(7)), draw(2)});
      }
    }
  }

  void run(int most_rounds) const {
    Shared shared;
    std::vector<std::thread> threads;
    std::vector<std::uint64_t> seen(threads_.size(), 1);
    for (std::size_t i = 0; i < threads_.size(); ++i) {
      threads.emplace_back([&, i] {
        for (const auto& [action, place] : threads_[i]) {
          seen[i] = 10 * seen[i] + perform({&shared, most_rounds}, action, place);
        }
      });
    }
    for (const std::uint64_t place : {0, 1}) {
      const std::lock_guard guard(shared.locks[place]);
      shared.counters[place] += 2;
    }
    std::uint64_t state = 0;
    for (std::size_t i = 0; i < threads.size(); ++i) {
      threads[i].join();
      state = 100'000 * state + seen[i];
    }
    report_state(shared.abandoned ? kAbandoned : state);
  }

  std::string describe() const {
    static const char* const kNames[] = {"add",       "read", "look",  "await-one",
                                         "await-two", "both", "insist"};
    std::string text;
    for (const auto& thread : threads_) {
      if (!text.empty()) text += "| ";
      for (const auto& [action, place] : thread)
        text += kNames[action] + std::to_string(place) + " ";
    }
    return text;
  }

 private:
  struct Shared {
    std::mutex locks[2];
    int counters[2] = {0, 0};
    bool abandoned = false;
  };
  struct Loop {
    Shared* shared;
    int most_rounds;  // 0: no bound
    int rounds = 0;
    bool give_up() {
      if (most_rounds == 0 || ++rounds <= most_rounds) return false;
      return shared->abandoned = true;
    }
  };

  std::uint64_t draw(std::uint64_t below) { return strategies::mix(state_++) % below; }

  static int add(Shared& shared, std::uint64_t place) {
    const std::lock_guard guard(shared.locks[place]);
    return shared.counters[place]++;
  }
  static int read(Shared& shared, std::uint64_t place) {
    const std::lock_guard guard(shared.locks[place]);
    return shared.counters[place];
  }

  static std::uint64_t perform(Loop loop, int action, std::uint64_t place) {
    Shared& shared = *loop.shared;
    std::mutex &lock = shared.locks[place], &other = shared.locks[1 - place];
    int seen = 0;
    bool got = false;
    switch (action) {
      case 0:
        return static_cast<std::uint64_t>(add(shared, place));
      case 1:
        return static_cast<std::uint64_t>(read(shared, place));
      case 2:
        got = lock.try_lock();
        if (got) lock.unlock();
        return got ? 1 : 0;
      case 5:
        do {
          lock.lock();
          got = other.try_lock();
          if (!got) lock.unlock();
        } while (!got && !loop.give_up());
        seen = shared.counters[place];
        if (got) shared.counters[place] += 2;
        if (got) other.unlock();
        if (got) lock.unlock();
        break;
      case 6:
        do {
          got = lock.try_lock();
        } while (!got && !loop.give_up());
        seen = shared.counters[place];
        if (got) lock.unlock();
        break;
      default:
        do {
          std::this_thread::yield();
          seen = read(shared, place);
        } while (seen < action - 2 && !loop.give_up());
        break;
    }
    return static_cast<std::uint64_t>(seen);
  }

  std::uint64_t state_;
  std::vector<std::vector<std::pair<int, std::uint64_t>>> threads_;
};

// Which places are judged depends on the runs that are made: two searches of one program need not
// hold the same threads, and need not have the same traces then.
TEST(ExhaustiveSpins, OfRandomProgramsWithLocksNothingIsLeftOut) {
  const std::uint64_t first = number("CHICANE_RANDOM_SEED", 1);
  const std::uint64_t programs = number("CHICANE_RANDOM_PROGRAMS", 24);
  const auto rounds = static_cast<int>(number("CHICANE_RANDOM_ROUNDS", 2));
  constexpr std::uint64_t kFew = 5000;
  std::uint64_t compared = 0, runs = 0, many = 0, enumerated = 0;
  for (std::uint64_t seed = first; seed < first + programs; ++seed) {
    const Lockers program(seed);
    const auto endless = [&] { program.run(0); };
    const auto bounded = [&] { program.run(rounds); };
    const Exhausted dpor = exhaust(endless, {.fair = true, .racy_sites = {}}, kFew);
    if (!dpor.done) continue;
    const std::string what = "seed " + std::to_string(seed) + ": " + program.describe();
    EXPECT_EQ(dpor.traces.size(), dpor.distinct().size()) << what;
    EXPECT_EQ(dpor.given_up, 0u) << what;
    Exhausted naive = exhaust(bounded, {.strategy = "dfs", .racy_sites = {}}, kFew);
    if (naive.done) ++enumerated;
    if (!naive.done) naive = exhaust(bounded, {.racy_sites = {}}, kMost);
    if (!naive.done) continue;
    const auto seen = states(dpor), expected = states(naive);
    EXPECT_TRUE(std::includes(seen.begin(), seen.end(), expected.begin(), expected.end())) << what;
    const Exhausted frugal =
        exhaust(endless, {.remembered = 0, .fair = true, .racy_sites = {}}, kMost);
    EXPECT_EQ(frugal.traces.size(), frugal.distinct().size()) << what;
    EXPECT_EQ(frugal.given_up, 0u) << what;
    EXPECT_EQ(states(frugal), seen) << what;
    ++compared;
    runs += dpor.traces.size();
    if (expected.size() > 1) ++many;
    const Exhausted dfs =
        exhaust(endless, {.strategy = "dfs", .fair = true, .racy_sites = {}}, kFew);
    if (!dfs.done) continue;
    EXPECT_EQ(states(dfs), seen) << what;
  }
  std::printf("%lu programs, %lu runs, %lu of several states; %lu enumerated\n", compared, runs,
              many, enumerated);
  EXPECT_GT(compared, programs / 2);
  EXPECT_GT(many, programs / 3);
}

// Each trace is run in one shard.
TEST(ExhaustiveSpins, InShards) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Waiters program(seed);
    const auto endless = [&] { program.run(0); };
    const Exhausted whole = held(endless, "dpor");
    if (!whole.done) continue;
    std::size_t runs = 0;
    std::set<std::uint64_t> traces;
    for (unsigned shard = 0; shard < 2; ++shard) {
      const Exhausted part = exhaust(
          endless,
          {.strategy = "dpor", .shard = shard, .shards = 2, .fair = true, .racy_sites = {}}, kMost);
      EXPECT_TRUE(part.done);
      runs += part.traces.size();
      traces.merge(part.distinct());
    }
    EXPECT_EQ(traces, whole.distinct()) << program.describe();
    EXPECT_EQ(runs, whole.traces.size()) << program.describe();
  }
}

}  // namespace
}  // namespace chicane::tests
