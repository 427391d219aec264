// SPDX-License-Identifier: Apache-2.0
//
// Random programs whose threads wait actively, in exhaustive searches: every state is seen that the
// same programs have with loops of few rounds, and no trace is run twice, in one shard or in two.
//
// The loops have their test at the end: compilers make two places of one at the beginning.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "tests/exhaust.h"
#include "tests/looping_programs.h"

namespace chicane::tests {
namespace {

constexpr std::uint64_t kMost = 20000;
constexpr auto kFinished = static_cast<int>(engine::RunEnd::kFinished);

/// What threads do to two counters and a lock. Without a bound they wait as long as it takes: what
/// they wait for is done by main, if by nobody else.
class Waiters {
 public:
  explicit Waiters(std::uint64_t seed) : draw_(seed), threads_(2 + draw_(2)) {
    for (auto& thread : threads_) {
      for (std::uint64_t i = 2 + draw_(threads_.size() == 2 ? 3 : 2); i-- > 0;) {
        thread.push_back({static_cast<int>(draw_(5)), draw_(2)});
      }
    }
  }

  void run(int most_rounds) const {
    run_loops<Shared>(threads_, most_rounds, &perform, [](Shared& shared) {
      for (std::atomic<int>& counter : shared.counters) counter += 2;
    });
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
  using Loop = BoundedLoop<Shared>;

  static std::uint64_t perform(Loop loop, const std::pair<int, std::uint64_t>& what) {
    const int action = what.first;
    std::atomic<int>& counter = loop.shared->counters[what.second];
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

  Draws draw_;
  std::vector<std::vector<std::pair<int, std::uint64_t>>> threads_;
};

/// The states of the runs that came to their end.
std::set<std::uint64_t> states(const Exhausted& of) {
  std::set<std::uint64_t> result;
  for (const auto& [end, state] : of.searched_ends) {
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
    const Exhausted dpor = exhaust_held(endless, "dpor", kMost);
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

/// What threads do to two counters, each under a lock of its own. Whether somebody has a lock just
/// then is seen, too.
class Lockers {
 public:
  explicit Lockers(std::uint64_t seed) : draw_(seed), threads_(2) {
    for (auto& thread : threads_) {
      for (std::uint64_t i = 1 + draw_(2); i-- > 0;) {
        thread.push_back({static_cast<int>(draw_(7)), draw_(2)});
      }
    }
  }

  void run(int most_rounds) const {
    run_loops<Shared>(threads_, most_rounds, &perform, [](Shared& shared) {
      for (const std::uint64_t place : {0, 1}) {
        const std::lock_guard guard(shared.locks[place]);
        shared.counters[place] += 2;
      }
    });
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
  using Loop = BoundedLoop<Shared>;

  static int add(Shared& shared, std::uint64_t place) {
    const std::lock_guard guard(shared.locks[place]);
    return shared.counters[place]++;
  }
  static int read(Shared& shared, std::uint64_t place) {
    const std::lock_guard guard(shared.locks[place]);
    return shared.counters[place];
  }

  static std::uint64_t perform(Loop loop, const std::pair<int, std::uint64_t>& what) {
    const auto [action, place] = what;
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

  Draws draw_;
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
    const Exhausted whole = exhaust_held(endless, "dpor", kMost);
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

// Shards may judge different places, and so leave different rounds out: of what they see together
// nothing is missing, and none runs a trace twice.
TEST(ExhaustiveSpins, WithLocksInShards) {
  constexpr std::uint64_t kPrograms = 16;
  constexpr std::uint64_t kFew = 2000;
  std::uint64_t compared = 0, several = 0;
  for (std::uint64_t seed = 1; seed <= kPrograms; ++seed) {
    const Lockers program(seed);
    const auto endless = [&] { program.run(0); };
    const Exhausted naive = exhaust([&] { program.run(2); }, {.racy_sites = {}}, 2 * kFew);
    if (!naive.done) continue;
    const auto expected = states(naive);
    for (const unsigned shards : {2u, 3u}) {
      const std::string what = program.describe() + "in " + std::to_string(shards);
      std::set<std::uint64_t> seen;
      unsigned busy = 0;
      bool done = true;
      for (unsigned shard = 0; shard < shards; ++shard) {
        const Exhausted part = exhaust(
            endless, {.shard = shard, .shards = shards, .fair = true, .racy_sites = {}}, kFew);
        EXPECT_EQ(part.traces.size(), part.distinct().size()) << what;
        done = done && part.done;
        busy += part.traces.empty() ? 0 : 1;
        seen.merge(states(part));
      }
      if (!done) continue;
      EXPECT_TRUE(std::includes(seen.begin(), seen.end(), expected.begin(), expected.end()))
          << what;
      ++compared;
      several += busy > 1 ? 1 : 0;
    }
  }
  std::printf("%lu divided searches, %lu of several parts\n", compared, several);
  EXPECT_GT(compared, kPrograms / 2);
  EXPECT_GT(several, kPrograms / 3);
}

}  // namespace
}  // namespace chicane::tests
