// SPDX-License-Identifier: Apache-2.0
//
// Locks of unmodified code under many schedules: pthread mutexes of every type, std's mutexes and
// guards, and read-write locks. Each correct use is silent and keeps its promise; beside it a twin
// that breaks the contract, with its diagnosis.
#include <pthread.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

using namespace std::chrono_literals;

// ---- mutexes ----

TEST(Mutex, ExcludesAndOrders) {
  expect_clean([] {
    std::mutex mutex;
    int counter = 0;
    const auto count = [&] {
      for (int i = 0; i < 3; ++i) {
        const std::lock_guard guard(mutex);
        ++counter;
      }
    };
    together(count, count, count);
    assert(counter == 9);
  });
  expect_found(
      [] {
        std::mutex mutex;
        int counter = 0;
        together(
            [&] {
              const std::lock_guard guard(mutex);
              ++counter;  //~ locked-count
            },
            [&] { ++counter; });  //~ unlocked-count
      },
      {"data-race @locked-count @unlocked-count"});
}

TEST(Mutex, TwoLocksAreNotOne) {
  expect_found(
      [] {
        std::mutex one, two;
        int counter = 0;
        together(
            [&] {
              const std::lock_guard guard(one);
              counter = 1;  //~ under-one
            },
            [&] {
              const std::lock_guard guard(two);
              counter = 2;  //~ under-two
            });
      },
      {"data-race write@under-one write@under-two"});
}

TEST(Mutex, TryLockSucceedsOrNot) {
  const Tally tally;
  expect_clean([&] {
    std::mutex mutex;
    int counter = 0, failed = 0;
    std::thread holder([&] {
      const std::lock_guard guard(mutex);
      std::this_thread::yield();
      ++counter;
    });
    if (mutex.try_lock()) {
      ++counter;
      mutex.unlock();
    } else {
      ++failed;
    }
    holder.join();
    assert(counter + failed == 2);
    tally.count(failed);
  });
  EXPECT_GT(tally[0], 0);
  EXPECT_GT(tally[1], 0);
  expect_found(
      [] {
        std::mutex mutex;
        std::thread holder([&] {
          const std::lock_guard guard(mutex);
          std::this_thread::yield();
        });  //~ guard-of-none
        (void)mutex.try_lock();
        mutex.unlock();  //~ whoever-has-it
        holder.join();
      },
      {"unlock-by-non-owner unlock@whoever-has-it", "unlock-of-unlocked unlock@whoever-has-it",
       "unlock-of-unlocked unlock@guard-of-none"});
}

TEST(Mutex, TimedLocksTimeOutInVirtualTime) {
  const Tally tally;
  expect_clean([&] {
    std::timed_mutex mutex;
    std::thread holder([&] {
      const std::lock_guard guard(mutex);
      std::this_thread::sleep_for(1h);
    });
    const auto before = std::chrono::steady_clock::now();
    std::unique_lock lock(mutex, 30min);
    assert(lock || std::chrono::steady_clock::now() - before >= 30min);
    tally.count(lock.owns_lock());
    if (lock) lock.unlock();
    holder.join();
    const std::unique_lock until(mutex, std::chrono::system_clock::now() + 1s);
    assert(until);  // nobody has it any more
  });
  EXPECT_GT(tally[0], 0);
  EXPECT_GT(tally[1], 0);
}

TEST(Mutex, RecursiveOnesCountTheirOwner) {
  expect_clean([] {
    std::recursive_mutex mutex;
    int counter = 0;
    const auto count = [&] {
      const std::lock_guard outer(mutex);
      ++counter;
      {
        const std::lock_guard inner(mutex);
        ++counter;
        assert(mutex.try_lock());
        mutex.unlock();
      }
      std::this_thread::yield();  // still locked: the others may not come in
      ++counter;
    };
    together(count, count);
    assert(counter == 6);
  });
  expect_found(
      [] {
        std::recursive_mutex mutex;
        mutex.lock();
        mutex.lock();
        mutex.unlock();
        mutex.unlock();  //~ recursive-end
        mutex.unlock();  //~ once-more
      },
      {"double-unlock unlock@once-more unlocked@recursive-end"});
}

TEST(Mutex, RelockingANormalOneNeverEnds) {
  expect_found(
      [] {
        std::mutex mutex;
        const std::lock_guard outer(mutex);  //~ outer-guard
        const std::lock_guard inner(mutex);  //~ inner-guard
      },
      {"self-deadlock holds@outer-guard waits@inner-guard"});
}

pthread_mutex_t make_mutex(int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, type);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  return mutex;
}

TEST(Mutex, ErrorCheckingOnesRefuse) {
  expect_clean([] {
    pthread_mutex_t mutex = make_mutex(PTHREAD_MUTEX_ERRORCHECK);
    int counter = 0;
    const auto count = [&] {
      assert(pthread_mutex_lock(&mutex) == 0);
      assert(pthread_mutex_lock(&mutex) == EDEADLK);
      assert(pthread_mutex_trylock(&mutex) == EBUSY);
      ++counter;
      assert(pthread_mutex_unlock(&mutex) == 0);
    };
    together(count, count);
    assert(counter == 2 && pthread_mutex_destroy(&mutex) == 0);
  });
  // It says so, but the program is wrong all the same, and the lock stays with its owner.
  expect_found(
      [] {
        pthread_mutex_t mutex = make_mutex(PTHREAD_MUTEX_ERRORCHECK);
        pthread_mutex_lock(&mutex);
        std::thread other([&] {
          assert(pthread_mutex_unlock(&mutex) == EPERM);  //~ not-its-lock
        });
        other.join();
        assert(pthread_mutex_unlock(&mutex) == 0);
      },
      {"unlock-by-non-owner unlock@not-its-lock"});
}

TEST(Mutex, DestroyingALockedOne) {
  expect_found(
      [] {
        pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        pthread_mutex_lock(&mutex);
        pthread_mutex_destroy(&mutex);  //~ destroyed
        pthread_mutex_unlock(&mutex);
      },
      {"destroyed-in-use destroy@destroyed"});
}

TEST(Mutex, GuardsOfEveryKind) {
  expect_clean([] {
    std::mutex mutex;
    int counter = 0;
    const auto count = [&] {
      std::unique_lock deferred(mutex, std::defer_lock);
      assert(!deferred.owns_lock());
      deferred.lock();
      ++counter;
      std::unique_lock moved(std::move(deferred));
      assert(moved.owns_lock());
      moved.unlock();
      mutex.lock();
      const std::lock_guard adopted(mutex, std::adopt_lock);
      ++counter;
    };
    together(count, count);
    assert(counter == 4);
  });
}

TEST(Mutex, ScopedLockTakesSeveralWithoutDeadlock) {
  expect_clean([] {
    std::mutex a, b, c;
    int counter = 0;
    together(
        [&] {
          const std::scoped_lock guard(a, b, c);
          ++counter;
        },
        [&] {
          const std::scoped_lock guard(c, b, a);
          ++counter;
        },
        [&] {
          std::lock(b, a);
          const std::lock_guard first(a, std::adopt_lock), second(b, std::adopt_lock);
          ++counter;
        });
    assert(counter == 3);
  });
  expect_found(
      [] {
        std::mutex a, b;
        together(
            [&] {
              const std::lock_guard first(a);   //~ a-first
              const std::lock_guard second(b);  //~ b-second
            },
            [&] {
              const std::lock_guard first(b);   //~ b-first
              const std::lock_guard second(a);  //~ a-second
            });
      },
      {"deadlock holds@a-first waits@b-second holds@b-first waits@a-second waits"});
}

// ---- read-write locks ----

// Counts who is inside; out of the race monitor's sight, as it is the witness, not the subject.
struct Inside {
  int readers = 0, writers = 0, most_readers = 0;
  __attribute__((no_sanitize("thread"))) void read(int by) {
    readers += by;
    most_readers = readers > most_readers ? readers : most_readers;
    assert(writers == 0);
  }
  __attribute__((no_sanitize("thread"))) void write(int by) {
    writers += by;
    assert(readers == 0 && writers <= 1);
  }
};

TEST(RwLock, ReadersTogetherWritersAlone) {
  const Tally tally;
  expect_clean([&] {
    std::shared_mutex mutex;
    Inside inside;
    int value = 0;
    const auto read = [&] {
      const std::shared_lock guard(mutex);
      inside.read(1);
      std::this_thread::yield();
      const int first = value;
      std::this_thread::yield();
      assert(value == first);
      inside.read(-1);
    };
    const auto write = [&] {
      const std::unique_lock guard(mutex);
      inside.write(1);
      std::this_thread::yield();
      ++value;
      inside.write(-1);
    };
    together(read, read, write, write);
    assert(value == 2);
    tally.count(inside.most_readers);
  });
  EXPECT_GT(tally[1], 0);
  EXPECT_GT(tally[2], 0);
  expect_found(
      [] {
        std::shared_mutex mutex;
        int value = 0;
        const auto write = [&] {
          const std::shared_lock guard(mutex);
          value = 1;  //~ write-as-a-reader
        };
        together(write, write);
      },
      {"data-race write@write-as-a-reader write@write-as-a-reader"});
}

TEST(RwLock, DoesNotOrderItsReaders) {
  expect_found(
      [] {
        std::shared_mutex mutex;
        std::atomic<bool> done{false};
        int value = 0;
        std::thread other([&] {
          {
            const std::shared_lock guard(mutex);
            value = 1;  //~ one-reader-writes
          }
          done.store(true, std::memory_order_relaxed);
        });
        if (done.load(std::memory_order_relaxed)) {
          const std::shared_lock guard(mutex);
          value = 2;  //~ the-next-reader-writes
        }
        other.join();
        assert(value != 0);
      },
      {"data-race write@one-reader-writes write@the-next-reader-writes"});
}

TEST(RwLock, TryAndTimed) {
  const Tally tally;
  expect_clean(
      [&] {
        std::shared_timed_mutex mutex;
        std::thread reader([&] {
          const std::shared_lock guard(mutex);
          assert(!mutex.try_lock());
          std::this_thread::sleep_for(1h);
        });
        if (mutex.try_lock_shared()) {
          tally.count(0);
          mutex.unlock_shared();
        }
        if (mutex.try_lock_for(1min)) {
          tally.count(1);
          assert(!mutex.try_lock_shared());
          mutex.unlock();
        } else {
          tally.count(2);
        }
        const std::shared_lock guard(mutex, 1min);
        assert(guard);
        reader.join();
      },
      samples());
  EXPECT_EQ(tally[0], 500);  // nobody writes
  EXPECT_GT(tally[1], 0);
  EXPECT_GT(tally[2], 0);
}

TEST(RwLock, Misuse) {
  expect_found(
      [] {
        pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
        pthread_rwlock_rdlock(&lock);
        pthread_rwlock_unlock(&lock);  //~ read-unlock
        pthread_rwlock_unlock(&lock);  //~ second-read-unlock
      },
      {"double-unlock unlock@second-read-unlock unlocked@read-unlock"});
  expect_found(
      [] {
        std::shared_mutex mutex;
        const std::shared_lock reading(mutex);  //~ for-reading
        const std::unique_lock writing(mutex);  //~ upgrade
      },
      {"rwlock-upgrade holds@for-reading waits@upgrade"});
  expect_clean([] {
    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    assert(pthread_rwlock_wrlock(&lock) == 0);
    assert(pthread_rwlock_tryrdlock(&lock) == EBUSY);
    assert(pthread_rwlock_unlock(&lock) == 0);
    assert(pthread_rwlock_tryrdlock(&lock) == 0);
    assert(pthread_rwlock_trywrlock(&lock) == EBUSY);
    assert(pthread_rwlock_unlock(&lock) == 0 && pthread_rwlock_destroy(&lock) == 0);
  });
}

TEST(SharedMutex, RefusesItsOwnWriter) {
  expect_found(
      [] {
        std::shared_mutex mutex;
        const std::unique_lock writing(mutex);  //~ writes
        try {
          mutex.lock();  //~ writes-again
        } catch (const std::system_error& error) {
          assert(error.code() == std::errc::resource_deadlock_would_occur);
        }
      },
      {"self-deadlock holds@writes waits@writes-again"});
  expect_found(
      [] {
        pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
        assert(pthread_rwlock_wrlock(&lock) == 0);        //~ rw-written
        assert(pthread_rwlock_rdlock(&lock) == EDEADLK);  //~ rw-read
        assert(pthread_rwlock_unlock(&lock) == 0);
      },
      {"self-deadlock holds@rw-written waits@rw-read"});
}

}  // namespace
}  // namespace chicane::tests
