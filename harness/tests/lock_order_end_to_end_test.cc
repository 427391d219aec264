// SPDX-License-Identifier: Apache-2.0
//
// The leg `lockorder` on whole programs: from one run that does not deadlock, the deadlock is
// predicted and steered into; and each program that only looks as if it could is silent.
#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "chicane/golang.h"
#include "expect.h"

namespace chicane::tests {
namespace {

/// One run to predict from.
Options one_run() {
  Options with = options(1);
  with.leg = "lockorder";
  with.shrink = false;
  return with;
}

void expect_predicted(const Program& program, std::size_t sites, const char* kind = "deadlock",
                      Here here = Here::current()) {
  const Result result = explore(program, one_run());
  ASSERT_EQ(result.diagnoses.size(), 1u) << "line " << here.line() << "\n" << describe(result);
  EXPECT_EQ(result.diagnoses[0].kind, kind) << describe(result);
  EXPECT_TRUE(result.diagnoses[0].confirmed);
  EXPECT_EQ(result.diagnoses[0].sites.size(), sites) << describe(result);
}

void expect_silent(const Program& program, Here here = Here::current()) {
  const Result result = explore(program, one_run());
  EXPECT_TRUE(result.diagnoses.empty()) << "line " << here.line() << "\n" << describe(result);
}

/// Runs the bodies one after the other as far as locks go, though nothing orders them: whoever is
/// first is so by chance.
template <class First, class Second>
void by_chance(First first, Second second, int patience = 50) {
  std::atomic<int> turn = 0;
  std::thread one([&] {
    first();
    turn.store(1, std::memory_order_relaxed);
  });
  while (--patience != 0 && turn.load(std::memory_order_relaxed) == 0) {
    std::this_thread::yield();
  }
  second(one);
}

TEST(Prediction, AJoinUnderALockThatTheJoinedOneTakes) {
  expect_predicted(
      [] {
        std::mutex mutex;
        by_chance([&] { const std::lock_guard guard(mutex); },
                  [&](std::thread& other) {
                    const std::lock_guard guard(mutex);
                    other.join();
                  });
      },
      3);
}

TEST(Prediction, AJoinUnderAnotherLock) {
  expect_silent([] {
    std::mutex mutex, other_mutex;
    by_chance([&] { const std::lock_guard guard(mutex); },
              [&](std::thread& other) {
                const std::lock_guard guard(other_mutex);
                other.join();
              });
  });
}

TEST(Prediction, ARingOfManyLocks) {
  constexpr std::size_t kLocks = 20;
  const auto ring = [](bool closed) {
    std::deque<std::mutex> locks(kLocks);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kLocks; ++i) {
      threads.emplace_back([&locks, i, closed] {
        const std::size_t next = (i + 1) % kLocks;
        // In the closed ring the last one takes its locks the wrong way round.
        std::mutex& first = locks[closed ? i : std::min(i, next)];
        std::mutex& second = locks[closed ? next : std::max(i, next)];
        first.lock();
        second.lock();
        second.unlock();
        first.unlock();
      });
    }
    for (std::thread& thread : threads) thread.join();
  };
  expect_predicted([&] { ring(true); }, 2 * kLocks + 1);
  expect_silent([&] { ring(false); });
}

TEST(Prediction, AThreadMayHoldAnyNumberOfLocks) {
  constexpr std::size_t kLocks = 100;
  expect_predicted(
      [] {
        std::deque<std::mutex> locks(kLocks);
        by_chance(
            [&] {
              for (std::mutex& lock : locks) lock.lock();
              for (std::mutex& lock : locks) lock.unlock();
            },
            [&](std::thread& other) {
              locks[kLocks - 1].lock();
              locks[0].lock();
              locks[0].unlock();
              locks[kLocks - 1].unlock();
              other.join();
            },
            1000);
      },
      4);
}

TEST(Prediction, ANestedMonitor) {
  const auto program = [](bool nested) {
    std::mutex outer, inner;
    std::condition_variable changed;
    bool done = false;
    std::thread signals([&] {
      {
        const std::lock_guard guard(outer);
      }
      const std::lock_guard guard(inner);
      done = true;
      changed.notify_one();
    });
    {
      std::unique_lock held(outer, std::defer_lock);
      if (nested) held.lock();
      std::unique_lock lock(inner);
      changed.wait(lock, [&] { return done; });
    }
    signals.join();
  };
  expect_predicted([&] { program(true); }, 3);
  expect_silent([&] { program(false); });
}

TEST(Prediction, AWaitGroupThatIsAwaitedUnderALock) {
  const auto program = [](bool under) {
    golang::Mutex mutex;
    golang::WaitGroup group;
    group.go([&] {
      mutex.lock();
      mutex.unlock();
    });
    for (int i = 0; i < 20; ++i) golang::sleep(golang::Duration(1000));
    if (under) mutex.lock();
    group.wait();
    if (under) mutex.unlock();
  };
  expect_predicted([&] { program(true); }, 3);
  expect_silent([&] { program(false); });
}

TEST(Prediction, AMessageThatIsAwaitedUnderALock) {
  const auto program = [](bool under) {
    golang::Mutex mutex;
    golang::Chan<int> channel;
    golang::go([&] {
      mutex.lock();
      mutex.unlock();
      channel.send(1);
    });
    for (int i = 0; i < 20; ++i) golang::sleep(golang::Duration(1000));
    if (under) mutex.lock();
    channel.recv();
    if (under) mutex.unlock();
  };
  expect_predicted([&] { program(true); }, 3);
  expect_silent([&] { program(false); });
}

TEST(Prediction, AReadLockInAReadLockWithAWriterBetween) {
  const auto program = [](bool gate) {
    golang::RWMutex lock;
    golang::Mutex outer;
    golang::WaitGroup group;
    group.go([&] {
      if (gate) outer.lock();
      lock.lock();
      lock.unlock();
      if (gate) outer.unlock();
    });
    for (int i = 0; i < 20; ++i) golang::sleep(golang::Duration(1000));
    if (gate) outer.lock();
    lock.lock_shared();
    lock.lock_shared();
    lock.unlock_shared();
    lock.unlock_shared();
    if (gate) outer.unlock();
    group.wait();
  };
  expect_predicted([&] { program(false); }, 3);
  expect_silent([&] { program(true); });
}

TEST(Prediction, ARecursiveMutexIsTakenOnce) {
  expect_silent([] {
    std::recursive_mutex a;
    std::mutex b;
    const auto nest = [&] {
      a.lock();
      b.lock();
      a.lock();
      a.unlock();
      b.unlock();
      a.unlock();
    };
    together(nest, nest);
  });
}

TEST(Prediction, ALockThatIsTriedEndsTheCircle) {
  expect_silent([] {
    std::mutex a, b;
    by_chance(
        [&] {
          const std::lock_guard first(a);
          const std::lock_guard second(b);
        },
        [&](std::thread& other) {
          {
            const std::lock_guard first(b);
            if (a.try_lock()) a.unlock();
          }
          other.join();
        });
  });
}

}  // namespace
}  // namespace chicane::tests
