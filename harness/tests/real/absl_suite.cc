// SPDX-License-Identifier: Apache-2.0
//
// Abseil 20220623 (libabsl-dev), of which the library is not instrumented: README.md says how its
// locks are seen nevertheless.
#include <absl/base/call_once.h>
#include <absl/synchronization/barrier.h>
#include <absl/synchronization/blocking_counter.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>

#include <deque>
#include <memory>

#include "chicane/gtest.h"
#include "real/threads.h"

namespace {

void locked_counter() {
  absl::Mutex mutex;
  int counter = 0;
  const auto count = [&] {
    const absl::MutexLock lock(&mutex);
    ++counter;
  };
  together(count, count, count);
  EXPECT_EQ(counter, 3);
}

void read_by_two() {
  absl::Mutex mutex;
  int value = 0, seen = 0;
  const auto read = [&] {
    const absl::ReaderMutexLock lock(&mutex);
    mutex.AssertReaderHeld();
    EXPECT_TRUE(value == 0 || value == 7);
  };
  together(read, read, [&] {
    const absl::WriterMutexLock lock(&mutex);
    value = 7;
    if (++seen == 2) value = 8;
  });
}

void handed_over() {
  absl::Mutex mutex;
  bool ready = false;
  together(
      [&] {
        const absl::MutexLock lock(&mutex);
        ready = true;
      },
      [&] {
        const absl::MutexLock lock(&mutex);
        mutex.Await(absl::Condition(&ready));
        ready = false;
      });
  EXPECT_FALSE(ready);
}

/// A queue of one place, with a condition of its own for each direction.
void bounded_queue() {
  absl::Mutex mutex;
  absl::CondVar changed;
  std::deque<int> queue;
  int sum = 0;
  const auto consume = [&] {
    const absl::MutexLock lock(&mutex);
    while (queue.empty()) changed.Wait(&mutex);
    sum += queue.front();
    queue.pop_front();
    changed.SignalAll();
  };
  const auto produce = [&] {
    for (int i = 1; i <= 2; ++i) {
      const absl::MutexLock lock(&mutex);
      while (!queue.empty()) changed.Wait(&mutex);
      queue.push_back(i);
      changed.SignalAll();
    }
  };
  together(produce, consume, consume);
  EXPECT_EQ(sum, 3);
}

void times_out() {
  absl::Mutex mutex;
  absl::CondVar never;
  const absl::MutexLock lock(&mutex);
  const bool no = false;
  EXPECT_FALSE(mutex.AwaitWithTimeout(absl::Condition(&no), absl::Milliseconds(1)));
  EXPECT_TRUE(never.WaitWithTimeout(&mutex, absl::Milliseconds(1)));
  EXPECT_TRUE(never.WaitWithDeadline(&mutex, absl::InfinitePast()));
}

/// Until a day that nobody lives to see.
void waits_long() {
  absl::Mutex mutex;
  absl::CondVar changed;
  bool ready = false;
  together(
      [&] {
        const absl::MutexLock lock(&mutex);
        ready = true;
        changed.Signal();
      },
      [&] {
        const absl::Time far = absl::FromUnixSeconds(253402300800);
        const absl::MutexLock lock(&mutex);
        while (!ready) EXPECT_FALSE(changed.WaitWithDeadline(&mutex, far));
      });
}

void published() {
  absl::Notification ready;
  auto value = std::make_unique<int>(0);
  together(
      [&] {
        *value = 1;
        ready.Notify();
      },
      [&] {
        ready.WaitForNotification();
        EXPECT_EQ(*value, 1);
      },
      [&] {
        if (ready.HasBeenNotified()) {
          EXPECT_EQ(*value, 1);
        }
      });
}

void counted_down() {
  absl::BlockingCounter left(2);
  int values[2] = {0, 0};
  together(
      [&] {
        values[0] = 1;
        left.DecrementCount();
      },
      [&] {
        values[1] = 2;
        left.DecrementCount();
      },
      [&] {
        left.Wait();
        EXPECT_EQ(values[0] + values[1], 3);
      });
}

void met() {
  auto* barrier = new absl::Barrier(2);
  int values[2] = {0, 0};
  const auto meet = [&](int i) {
    values[i] = 1;
    if (barrier->Block()) delete barrier;
    EXPECT_EQ(values[1 - i], 1);
  };
  together([&] { meet(0); }, [&] { meet(1); });
}

/// Three wait for one another: two of them at a time for conditions of one Mutex.
void met_by_three() {
  auto* barrier = new absl::Barrier(3);
  const auto meet = [&] {
    if (barrier->Block()) delete barrier;
  };
  together(meet, meet, meet);
}

void once() {
  absl::once_flag flag;
  int value = 0;
  const auto begin = [&] {
    absl::call_once(flag, [&] { ++value; });
    EXPECT_EQ(value, 1);
  };
  together(begin, begin);
}

TEST(AbslMutex, Excludes) { locked_counter(); }
TEST(AbslMutex, AdmitsReadersTogether) { read_by_two(); }
TEST(AbslMutex, Awaits) { handed_over(); }
TEST(AbslMutex, TimesOut) { times_out(); }
TEST(AbslCondVar, WaitsLong) { waits_long(); }
TEST(AbslCondVar, Hands) { bounded_queue(); }
TEST(AbslNotification, Publishes) { published(); }
TEST(AbslBlockingCounter, Waits) { counted_down(); }
TEST(AbslBarrier, Meets) { met(); }
TEST(AbslBarrier, MeetsThree) { met_by_three(); }
TEST(AbslCallOnce, CallsOnce) { once(); }

// ---- misuse ----

/// One of two threads writes under a reader's lock.
void writes_as_reader() {
  absl::Mutex mutex;
  int counter = 0;
  const auto count = [&] {
    const absl::ReaderMutexLock lock(&mutex);
    ++counter;
  };
  together(count, count);
}

void opposite_orders() {
  absl::Mutex a, b;
  together(
      [&] {
        const absl::MutexLock first(&a);
        const absl::MutexLock second(&b);
      },
      [&] {
        const absl::MutexLock first(&b);
        const absl::MutexLock second(&a);
      });
}

void locks_twice() {
  absl::Mutex mutex;
  const absl::MutexLock lock(&mutex);
  const absl::MutexLock again(&mutex);
}

/// Looks once, without a loop, and before it has the lock.
void misses_the_signal() {
  absl::Mutex mutex;
  absl::CondVar changed;
  together(
      [&] {
        const absl::MutexLock lock(&mutex);
        changed.Signal();
      },
      [&] {
        const absl::MutexLock lock(&mutex);
        changed.Wait(&mutex);
      });
}

/// Two wait for what nobody brings about.
void awaits_in_vain() {
  absl::Mutex mutex;
  const bool never = false;
  const auto await = [&] {
    const absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&never));
  };
  together(await, await);
}

void unlocks_anothers() {
  absl::Mutex mutex;
  mutex.Lock();
  together([&] { mutex.Unlock(); }, [] {});
}

TEST(AbslMisuse, AReaderWrites) { EXPECT_CHICANE_DIAGNOSES(writes_as_reader, "data-race"); }
TEST(AbslMisuse, OppositeOrders) { EXPECT_CHICANE_DIAGNOSES(opposite_orders, "deadlock"); }
TEST(AbslMisuse, LocksTwice) { EXPECT_CHICANE_DIAGNOSES(locks_twice, "self-deadlock"); }
TEST(AbslMisuse, MissesTheSignal) { EXPECT_CHICANE_DIAGNOSES(misses_the_signal, "lost-wakeup"); }
TEST(AbslMisuse, AwaitsInVain) { EXPECT_CHICANE_DIAGNOSES(awaits_in_vain, "deadlock"); }
TEST(AbslMisuse, UnlocksAnothers) {
  EXPECT_CHICANE_DIAGNOSES(unlocks_anothers, "unlock-by-non-owner");
}

}  // namespace
