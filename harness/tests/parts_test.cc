// SPDX-License-Identifier: Apache-2.0
//
// An exploration in parts: jobs, shards, budgets of time, interrupts.
//
// Oracle: what the program itself counted, in memory that all processes share. Which of the 6
// orders of three threads a run has is a function of the seed and the run's number, so parts of an
// exploration must add up to the whole, order by order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <numeric>
#include <thread>

#include "runner/explorer_twice.h"
#include "tests/expect.h"

namespace chicane::tests {
namespace {

constexpr int kOrders = 27;

/// Three threads take one lock; slot a * 9 + b * 3 + c counts the runs of the order a, b, c.
Program three_in_turn(const Tally& tally) {
  return [&tally] {
    std::mutex lock;
    int order = 0;
    const auto enter = [&](int who) {
      const std::lock_guard guard(lock);
      order = order * 3 + who;
    };
    together([&] { enter(0); }, [&] { enter(1); }, [&] { enter(2); });
    tally.count(order);
  };
}

std::vector<long> counts(const Options& options) {
  const Tally tally;
  const Result result = explore(three_in_turn(tally), options);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.ended_by, "schedules");
  std::vector<long> orders;
  for (int i = 0; i < kOrders; ++i) orders.push_back(tally[i]);
  EXPECT_EQ(std::accumulate(orders.begin(), orders.end(), 0L), static_cast<long>(result.runs));
  return orders;
}

Options random_walk(std::uint64_t schedules) {
  Options options;
  options.strategy = Strategy::kRandom;
  options.schedules = schedules;
  runner::g_schedules_run_twice = 0;  // runs are counted
  return options;
}

TEST(Parts, ShardsAddUpToTheWhole) {
  const std::vector<long> whole = counts(random_walk(500));
  std::vector<long> sum(kOrders);
  for (unsigned shard = 0; shard < 3; ++shard) {
    Options options = random_walk(500);
    options.shard = shard;
    options.shards = 3;
    const std::vector<long> part = counts(options);
    EXPECT_EQ(std::accumulate(part.begin(), part.end(), 0L), shard < 2 ? 167 : 166);
    for (int i = 0; i < kOrders; ++i) sum[i] += part[i];
  }
  EXPECT_EQ(sum, whole);
}

TEST(Parts, AnyNumberOfJobsIsTheWhole) {
  const std::vector<long> whole = counts(random_walk(500));
  for (const unsigned jobs : {2, 5}) {
    Options options = random_walk(500);
    options.jobs = jobs;
    EXPECT_EQ(counts(options), whole) << jobs;
  }
}

TEST(Parts, ShardsOfJobs) {
  Options options = random_walk(500);
  options.shard = 1;
  options.shards = 3;
  const std::vector<long> alone = counts(options);
  options.jobs = 2;
  EXPECT_EQ(counts(options), alone);
}

TEST(Parts, MoreJobsThanSchedules) {
  Options options = random_walk(2);
  options.jobs = 4;
  EXPECT_EQ(counts(options), counts(random_walk(2)));
}

TEST(Parts, ABudgetIsThatOfAllPartsTogether) {
  const Tally tally;
  Options options = random_walk(1000);
  options.strategy = Strategy::kDpor;
  options.jobs = 4;  // of six orders
  const Result enough = explore(three_in_turn(tally), options);
  ASSERT_TRUE(enough.exhausted) << enough.summary;
  options.schedules = enough.runs + 3;  // some see only then that they are at their end
  const Result just = explore(three_in_turn(tally), options);
  EXPECT_TRUE(just.exhausted) << just.summary;
  EXPECT_EQ(just.runs, enough.runs);
  EXPECT_EQ(just.executions, 6U);
  options.schedules = enough.runs - 1;
  const Result less = explore(three_in_turn(tally), options);
  EXPECT_FALSE(less.exhausted);
  EXPECT_EQ(less.ended_by, "schedules");
  EXPECT_EQ(less.runs, options.schedules);
}

/// What any number of jobs finds, and in which run first.
TEST(Parts, JobsFindTheSame) {
  const Program program = [] {
    std::mutex a, b;
    together(
        [&] {
          const std::lock_guard first(a);
          const std::lock_guard second(b);
        },
        [&] {
          const std::lock_guard first(b);
          const std::lock_guard second(a);
        });
  };
  Options options = random_walk(200);
  const Result alone = explore(program, options);
  ASSERT_EQ(alone.diagnoses.size(), 1U);
  for (const unsigned jobs : {2, 3}) {
    options.jobs = jobs;
    const Result several = explore(program, options);
    EXPECT_EQ(several.first_finding_run, alone.first_finding_run);
    ASSERT_EQ(several.diagnoses.size(), 1U);
    EXPECT_EQ(several.diagnoses[0].schedule, alone.diagnoses[0].schedule);
    EXPECT_EQ(several.diagnoses[0].run, alone.diagnoses[0].run);
  }
}

TEST(Budget, OfTimeEndsTheExploration) {
  const Tally tally;
  for (const unsigned jobs : {1, 2}) {
    Options options = random_walk(~std::uint64_t{0} >> 1);
    options.jobs = jobs;
    // On a busy machine the time may be over before a run is.
    std::uint64_t runs = 0;
    for (options.time_limit = 0.1; runs == 0; options.time_limit *= 2) {
      const Result result = explore(three_in_turn(tally), options);
      ASSERT_EQ(result.error, "");
      ASSERT_EQ(result.ended_by, "time");
      ASSERT_FALSE(result.exhausted);
      runs = result.runs;
    }
  }
}

// ---- interrupts ----

/// Explores without end in a process of its own, which is sent `signal` once the program has run;
/// what it says is its exit code: diagnoses * 10 + (1 when the result tells of the signal).
int interrupted(const Program& body, int signal, unsigned jobs, bool interruptible = true) {
  auto* started =
      static_cast<std::atomic<int>*>(mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                                          MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  const pid_t process = fork();
  if (process == 0) {
    ::signal(signal, SIG_DFL);  // who runs in the background has it ignored, and keeps it so
    Options options = random_walk(~std::uint64_t{0} >> 1);
    options.jobs = jobs;
    options.interruptible = interruptible;
    const Result result = explore(
        [&] {
          body();
          // An operation more, in memory that the test sees too.
          __atomic_fetch_add(reinterpret_cast<int*>(started), 1, __ATOMIC_RELAXED);
        },
        options);
    const bool told = result.ended_by == "interrupted" && result.signal == signal;
    _exit(static_cast<int>(result.diagnoses.size()) * 10 + (told ? 1 : 0));
  }
  while (started->load() < 200) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  kill(process, signal);
  int status = 0;
  waitpid(process, &status, 0);
  munmap(started, sizeof *started);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Nothing was found, but nothing was looked at either.
TEST(TimeBudget, ThatIsOverBeforeTheFirstRunIsAnError) {
  const Tally tally;
  Options options = random_walk(1000);
  options.time_limit = 1e-9;
  const Result result = explore(three_in_turn(tally), options);
  EXPECT_EQ(result.runs, 0u);
  EXPECT_THAT(result.error, ::testing::HasSubstr("before a single schedule"));
}

TEST(Interrupt, GivesWhatWasFoundSoFar) {
  const Tally tally;
  const Program clean = three_in_turn(tally);
  const Program racy = [] {
    int x = 0;
    together([&x] { ++x; }, [&x] { ++x; });
  };
  for (const int signal : {SIGINT, SIGTERM}) {
    for (const unsigned jobs : {1, 2}) {
      EXPECT_EQ(interrupted(clean, signal, jobs), 1);
      EXPECT_EQ(interrupted(racy, signal, jobs), 11);
    }
  }
}

// The search is one run, so all others are those that make its witness short.
TEST(Interrupt, EndsTheShorteningOfAWitness) {
  constexpr long kInterrupted = 6, kAfter = 4;
  Options options = random_walk(1);
  options.interruptible = true;
  for (const bool interrupt : {false, true}) {
    const Tally tally;
    const Program changes_too_often = [&tally, interrupt] {
      tally.count(0);
      if (tally[0] == kInterrupted && interrupt) kill(getppid(), SIGINT);
      std::atomic<int> last{0};
      std::atomic<int> changes{0};
      const auto go = [&](int who) {
        for (int i = 0; i < 12; ++i) changes += last.exchange(who) == who ? 0 : 1;
      };
      together([&] { go(1); }, [&] { go(2); });
      if (changes > 6) std::abort();
    };
    const Result result = explore(changes_too_often, options);
    ASSERT_EQ(result.diagnoses.size(), 1u) << describe(result);
    EXPECT_TRUE(result.diagnoses[0].confirmed);
    EXPECT_EQ(result.diagnoses[0].minimal, !interrupt);
    EXPECT_EQ(tally[0] <= kInterrupted + kAfter, interrupt) << tally[0];
  }
}

TEST(Interrupt, EndsTheProcessUnlessAsked) {
  const Tally tally;
  EXPECT_EQ(interrupted(three_in_turn(tally), SIGTERM, 1, false), 128 + SIGTERM);
}

}  // namespace
}  // namespace chicane::tests
