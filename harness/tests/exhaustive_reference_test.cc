// SPDX-License-Identifier: Apache-2.0
//
// Oracle: the number of Mazurkiewicz traces of each reference program, as published or by counting
// (mutex(T, I): the orders of T * I critical sections that keep each thread's own; lost_update: by
// naive enumeration).
#include <gtest/gtest.h>
#include <pthread.h>
#include <semaphore.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "chicane/golang.h"
#include "tests/exhaust.h"
#include "tests/reference_programs.h"

namespace chicane::tests {
namespace {

void expect_executions(const char* what, std::uint64_t expected,
                       const std::function<void()>& program) {
  const Exhausted result = exhaust(program, {}, 2 * expected + 100);
  EXPECT_TRUE(result.done) << what;
  EXPECT_EQ(result.given_up, 0u) << what;
  EXPECT_EQ(result.traces.size(), expected) << what;
  EXPECT_EQ(result.distinct().size(), result.traces.size()) << what;
}

TEST(DporReference, LockedIncrements) {
  expect_executions("mutex(2,1)", 2, [] { locked_increments(2, 1); });
  expect_executions("mutex(3,1)", 6, [] { locked_increments(3, 1); });
  expect_executions("mutex(2,3)", 20, [] { locked_increments(2, 3); });
  expect_executions("mutex(3,2)", 90, [] { locked_increments(3, 2); });
  expect_executions("mutex(3,3)", 1680, [] { locked_increments(3, 3); });
  expect_executions("mutex(4,2)", 2520, [] { locked_increments(4, 2); });
}

TEST(DporReference, Readers) {
  expect_executions("readers(2)", 4, [] { readers(2); });
  expect_executions("readers(8)", 256, [] { readers(8); });
  expect_executions("readers(13)", 8192, [] { readers(13); });
}

TEST(DporReference, LastZero) {
  expect_executions("lastzero(5)", 64, [] { last_zero(5); });
  expect_executions("lastzero(8)", 704, [] { last_zero(8); });
  expect_executions("lastzero(10)", 3328, [] { last_zero(10); });
}

TEST(DporReference, Indexer) {
  expect_executions("indexer(11)", 1, [] { indexer(11); });
  expect_executions("indexer(12)", 8, [] { indexer(12); });
  expect_executions("indexer(13)", 64, [] { indexer(13); });
  expect_executions("indexer(14)", 512, [] { indexer(14); });
  expect_executions("indexer(15)", 4096, [] { indexer(15); });
}

TEST(DporReference, Filesystem) {
  expect_executions("filesystem(14)", 2, [] { filesystem(14); });
  expect_executions("filesystem(16)", 8, [] { filesystem(16); });
  expect_executions("filesystem(18)", 32, [] { filesystem(18); });
}

TEST(DporReference, LostUpdate) {
  expect_executions("lost_update(3)", 36, [] { lost_update(3); });
  expect_executions("lost_update(5)", 14400, [] { lost_update(5); });
}

TEST(DporReference, StoreBuffering) {
  expect_executions("store_buffering", 3, [] { store_buffering(); });
}

/// `threads` go `times` times through a semaphore of one place, and leave it.
void through_a_semaphore(int threads, int times) {
  sem_t semaphore;
  sem_init(&semaphore, 0, 1);
  int inside = 0;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < times; ++i) {
        sem_wait(&semaphore);
        ++inside;
        sem_post(&semaphore);
      }
    });
  }
  for (std::thread& thread : all) thread.join();
}

/// `posts` threads post once, `waits` wait once, where there were `places`.
void posts_and_waits(int posts, int waits, unsigned places) {
  sem_t semaphore;
  sem_init(&semaphore, 0, places);
  std::vector<std::thread> all;
  for (int i = 0; i < posts; ++i) all.emplace_back([&] { sem_post(&semaphore); });
  for (int i = 0; i < waits; ++i) all.emplace_back([&] { sem_wait(&semaphore); });
  for (std::thread& thread : all) thread.join();
}

// Oracle: counting. With one place the orders are those of a mutex. Of those of posts and waits,
// no wait may come where there is no place.
TEST(DporReference, Semaphores) {
  expect_executions("semaphore(2,1)", 2, [] { through_a_semaphore(2, 1); });
  expect_executions("semaphore(3,1)", 6, [] { through_a_semaphore(3, 1); });
  expect_executions("semaphore(2,3)", 20, [] { through_a_semaphore(2, 3); });
  expect_executions("semaphore(3,2)", 90, [] { through_a_semaphore(3, 2); });
  expect_executions("3 waits, 5 places", 6, [] { posts_and_waits(0, 3, 5); });
  expect_executions("2 posts, 2 waits", 2 * 2 * 2, [] { posts_and_waits(2, 2, 0); });
  expect_executions("3 posts, 2 waits, 1 place", 120 - 12, [] { posts_and_waits(3, 2, 1); });
}

/// `waiters` wait for an item each, and `makers` make one each and signal that.
void hand_over(int waiters, int makers) {
  std::mutex mutex;
  std::condition_variable made;
  int items = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < waiters; ++i) {
    threads.emplace_back([&] {
      std::unique_lock lock(mutex);
      made.wait(lock, [&] { return items > 0; });
      --items;
    });
  }
  for (int i = 0; i < makers; ++i) {
    threads.emplace_back([&] {
      mutex.lock();
      ++items;
      mutex.unlock();
      made.notify_one();
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Oracle: both ways to search agree. Of one signal any of several waiters is woken.
TEST(DporReference, WhoIsWokenIsNoReasonToGiveUp) {
  const auto program = [] { hand_over(3, 3); };
  const Exhausted result = exhaust(program, {}, 100000);
  const Exhausted frugal = exhaust(program, {.remembered = 0}, 100000);
  EXPECT_TRUE(result.done && frugal.done);
  EXPECT_EQ(result.given_up, 0u);
  EXPECT_EQ(frugal.given_up, 0u);
  EXPECT_EQ(result.traces.size(), result.distinct().size());
  EXPECT_EQ(result.distinct(), frugal.distinct());
}

// More of them than a word has bits, of which the first and the last meet.
TEST(DporReference, ManyThreads) {
  constexpr int kThreads = 70;
  expect_executions("many", 2, [] {
    std::atomic<int> x{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&x, i] {
        if (i == 0 || i == kThreads - 1) x = i;
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
}

/// The program may end in two ways, and has no other traces than enumeration finds.
Exhausted expect_both_ends(const std::function<void()>& program) {
  const Exhausted all = exhaust(program, {.strategy = "dfs", .racy_sites = {}}, 10000);
  Exhausted result = exhaust(program, {}, 10000);
  EXPECT_TRUE(all.done && result.done);
  EXPECT_EQ(all.ends.size(), 2u);
  EXPECT_EQ(result.ends, all.ends);
  EXPECT_EQ(result.distinct(), all.distinct(result.heeds_all));
  EXPECT_EQ(result.distinct().size(), result.traces.size());
  return result;
}

// Oracle: enumeration. There is a place for a task where the one before it has left.
TEST(DporReference, TasksWithALimit) {
  const auto program = [] {
    golang::ErrGroup group;
    group.set_limit(1);
    std::atomic<int> last{0};
    for (int i : {1, 2}) group.go([&, i] { return last = i, golang::Error(); });
    group.go([&last] { return last = 3, golang::Error(); });
    (void)group.wait();
    report_state(static_cast<std::uint64_t>(last.load()));
  };
  const Exhausted all = exhaust(program, {.strategy = "dfs", .racy_sites = {}}, 100000);
  const Exhausted result = exhaust(program, {}, 10000);
  EXPECT_TRUE(all.done && result.done);
  EXPECT_EQ(result.ends, all.ends);
  EXPECT_EQ(result.distinct(), all.distinct(result.heeds_all));
  EXPECT_EQ(result.distinct().size(), result.traces.size());
  EXPECT_EQ(result.given_up, 0u);
}

// Oracle: enumeration. Who asks for its value sees whether somebody has posted.
TEST(DporReference, ASemaphoreIsAskedForItsValue) {
  (void)expect_both_ends([] {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    std::thread thread([&] { sem_post(&semaphore); });
    int value = 0;
    sem_getvalue(&semaphore, &value);
    thread.join();
    report_state(static_cast<std::uint64_t>(value));
  });
}

// Oracle: enumeration. In the first run the one thread has ended before anybody asks for an end,
// and main has waited for the other: nothing but that end tells that there is another behaviour.
TEST(DporReference, WhoAsksForAnEndMeetsIt) {
  const auto program = [] {
    std::atomic<int> own[2]{};
    const auto store = [](void* to) -> void* {
      *static_cast<std::atomic<int>*>(to) = 1;
      return nullptr;
    };
    pthread_t threads[2];
    for (int i : {0, 1}) pthread_create(&threads[i], nullptr, store, &own[i]);
    pthread_join(threads[1], nullptr);
    const bool ended = pthread_tryjoin_np(threads[0], nullptr) == 0;
    if (!ended) pthread_join(threads[0], nullptr);
    report_state(ended ? 1 : 0);
  };
  const Exhausted result = expect_both_ends(program);
  EXPECT_EQ(result.given_up, 0u);
}

// Oracle: enumeration. A context is over when one above it is: who asks the lower one meets who
// cancels the upper one.
TEST(DporReference, WhoAsksAContextMeetsWhoCancelsOneAbove) {
  const auto program = [] {
    const auto [above, cancel] = golang::with_cancel(golang::Context::background());
    const golang::Context below = golang::with_cancel(above).first;
    bool over = false;
    std::thread canceling([&end = cancel] { end(); });
    std::thread asking([&] { over = below.err() != golang::Error(); });
    canceling.join();
    asking.join();
    report_state(over ? 1 : 0);
  };
  EXPECT_EQ(expect_both_ends(program).traces.size(), 2u);
}

}  // namespace
}  // namespace chicane::tests
