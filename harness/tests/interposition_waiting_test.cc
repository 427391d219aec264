// SPDX-License-Identifier: Apache-2.0
//
// Waiting, in unmodified code under many schedules: condition variables (whom a signal wakes is a
// choice), yields, and sleeps and clocks in virtual time.
#include <pthread.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "expect.h"

namespace chicane::tests {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// ---- condition variables ----

TEST(Condition, AWaitWithAPredicateNeverMissesIt) {
  expect_clean([] {
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    int value = 0;
    std::thread consumer([&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return ready; });
      assert(value == 1 && lock.owns_lock());
    });
    value = 1;
    {
      const std::lock_guard guard(mutex);
      ready = true;
    }
    changed.notify_one();
    consumer.join();
  });
  expect_found(
      [] {
        std::mutex mutex;
        std::condition_variable changed;
        std::thread consumer([&] {
          std::unique_lock lock(mutex);
          changed.wait(lock);  //~ waits-blindly
        });
        changed.notify_one();  //~ signals-early
        consumer.join();
      },
      {"lost-wakeup waits@waits-blindly signals@signals-early"});
  // Nobody waited for that signal, but what it told was seen: the wait is for another one.
  expect_found(
      [] {
        std::mutex mutex;
        std::condition_variable changed;
        int items = 0;
        std::thread consumer([&] {
          for (int handled = 0; handled < 2; ++handled) {
            std::unique_lock lock(mutex);
            changed.wait(lock, [&] { return items > 0; });  //~ waits-for-more
            --items;
          }
        });
        {
          const std::lock_guard guard(mutex);
          ++items;
        }
        changed.notify_one();
        consumer.join();  //~ joins-consumer
      },
      {"deadlock waits@waits-for-more waits@joins-consumer"});
}

struct Waiters {
  std::mutex mutex;
  std::condition_variable come, go;
  int waiting = 0, woken = 0;
  int first = -1;  // who was woken first: the place in the queue

  void wait() {
    std::unique_lock lock(mutex);
    const int place = waiting++;
    come.notify_one();
    go.wait(lock);
    if (woken++ == 0) first = place;
  }
  // Three threads wait, then `wake` is called with the lock held.
  template <class Wake>
  void run(Wake wake) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([this] { wait(); });
    {
      std::unique_lock lock(mutex);
      come.wait(lock, [this] { return waiting == 3; });
      wake();
    }
    for (std::thread& thread : threads) thread.join();
  }
};

Options only_signals_wake() {
  Options with = options();
  with.sample_spurious_wakeups = false;
  return with;
}

TEST(Condition, ASignalWakesAnyOneOfThoseWhoWait) {
  const Tally tally;
  const auto program = [&] {
    Waiters waiters;
    waiters.run([&] {
      waiters.go.notify_one();
      std::unique_lock lock(waiters.mutex, std::adopt_lock);
      while (waiters.woken == 0) {
        lock.unlock();
        std::this_thread::yield();
        lock.lock();
      }
      assert(waiters.woken == 1);  // one, and no more
      waiters.go.notify_one();
      waiters.go.notify_one();
      lock.release();
    });
    tally.count(waiters.first);
  };
  expect_clean(program, only_signals_wake());
  for (int place = 0; place < 3; ++place) EXPECT_GT(tally[place], 50) << place;
}

TEST(Condition, ABroadcastWakesAll) {
  const Tally tally;
  expect_clean([&] {
    Waiters waiters;
    waiters.run([&] { waiters.go.notify_all(); });
    assert(waiters.woken == 3);
    tally.count(waiters.first);
  });
  for (int place = 0; place < 3; ++place) EXPECT_GT(tally[place], 0) << place;
}

TEST(Condition, OneSignalIsNotABroadcast) {
  expect_found(
      [] {
        std::mutex mutex;
        std::condition_variable come, go;
        int waiting = 0;
        const auto wait = [&] {
          std::unique_lock lock(mutex);
          ++waiting;
          come.notify_one();
          go.wait(lock);  //~ left-behind
        };
        std::thread one(wait), two(wait);
        {
          std::unique_lock lock(mutex);
          come.wait(lock, [&] { return waiting == 2; });
        }
        go.notify_one();
        // The two are alike: each is the one that is left in some schedule.
        one.join();  //~ joins-one
        two.join();  //~ joins-two
      },
      {"deadlock waits@left-behind waits@joins-one", "deadlock waits@left-behind waits@joins-two"});
}

TEST(Condition, TimedWaitsEndBySignalOrByTime) {
  const Tally tally;
  expect_clean([&] {
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    std::thread signaller([&] {
      const std::lock_guard guard(mutex);
      ready = true;
      changed.notify_one();
    });
    {
      const auto before = steady_clock::now();
      std::unique_lock lock(mutex);
      if (!ready && changed.wait_for(lock, 1h) == std::cv_status::timeout) {
        assert(steady_clock::now() - before >= 1h);
        tally.count(ready ? 2 : 0);
      } else {
        tally.count(1);
      }
      assert(lock.owns_lock());
    }
    signaller.join();
  });
  EXPECT_GT(tally[0], 0);
  EXPECT_GT(tally[1], 0);
}

TEST(Condition, TimesOfEveryClock) {
  expect_clean([] {
    std::mutex mutex;
    std::condition_variable never;
    std::condition_variable_any never_any;
    std::unique_lock lock(mutex);
    const auto steady = steady_clock::now();
    const auto system = system_clock::now();
    assert(never.wait_until(lock, steady + 1h) == std::cv_status::timeout);
    assert(steady_clock::now() >= steady + 1h);
    assert(never.wait_until(lock, system + 3h) == std::cv_status::timeout);
    assert(system_clock::now() >= system + 3h);
    assert(never_any.wait_for(lock, 1h) == std::cv_status::timeout);
    assert(!never.wait_for(lock, 1s, [] { return false; }));
    assert(never.wait_for(lock, 1s, [] { return true; }));
  });
}

TEST(Condition, TheClockOfTheAttribute) {
  expect_clean([] {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_t never;
    pthread_cond_init(&never, &attributes);
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const timespec before = until;
    until.tv_sec += 3600;
    pthread_mutex_lock(&mutex);
    assert(pthread_cond_timedwait(&never, &mutex, &until) == ETIMEDOUT);
    timespec after;
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert(after.tv_sec - before.tv_sec >= 3600 && after.tv_sec - before.tv_sec < 3700);
    pthread_mutex_unlock(&mutex);
    assert(pthread_cond_destroy(&never) == 0);
  });
}

TEST(Condition, AnyLockWillDo) {
  expect_clean([] {
    std::shared_mutex mutex;
    std::condition_variable_any changed;
    int value = 0;
    const auto wait = [&] {
      std::shared_lock lock(mutex);
      changed.wait(lock, [&] { return value == 1; });
    };
    std::thread one(wait), two(wait);
    {
      const std::unique_lock lock(mutex);
      value = 1;
    }
    changed.notify_all();
    one.join();
    two.join();
  });
}

void wait_without_asking() {
  std::mutex mutex;
  std::condition_variable changed;
  bool waiting = false, ready = false;
  std::thread signaller([&] {
    for (bool told = false; !told;) {
      {
        const std::lock_guard guard(mutex);
        ready = told = waiting;
      }
      if (told) changed.notify_one();
      std::this_thread::yield();
    }
  });
  {
    std::unique_lock lock(mutex);
    waiting = true;
    changed.wait(lock);
    assert(ready);  //~ woken-for-nothing
  }
  signaller.join();
}

TEST(Condition, SpuriousWakeupsAreAnOption) {
  expect_clean(&wait_without_asking, only_signals_wake());
  Options spurious = options();
  spurious.spurious_wakeups = true;
  expect_found(&wait_without_asking, {"assertion-failed asserts@woken-for-nothing"}, spurious);
  const Tally tally;
  expect_clean(
      [&] {
        std::mutex mutex;
        std::condition_variable changed;
        bool ready = false;
        int wakeups = 0;
        std::thread signaller([&] {
          const std::lock_guard guard(mutex);
          ready = true;
          changed.notify_all();
        });
        std::unique_lock lock(mutex);
        while (!ready) {
          changed.wait(lock);
          ++wakeups;
        }
        tally.count(wakeups);
        assert(!changed.wait_for(lock, 1s, [] { return false; }));  // times out all the same
        lock.unlock();
        signaller.join();
      },
      spurious);
  EXPECT_GT(tally[1], 0);
  EXPECT_GT(tally[2], 0);
}

TEST(Condition, AMissingSignalIsADeadlockAlsoWhenWakeupsMayBeSpurious) {
  Options spurious = options();
  spurious.spurious_wakeups = true;
  expect_found(
      [] {
        std::mutex mutex;
        std::condition_variable changed;
        bool ready = false;
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return ready; });  //~ nobody-signals
      },
      {"deadlock waits@nobody-signals"}, spurious);
}

TEST(Condition, Misuse) {
  expect_found(
      [] {
        pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
        pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
        timespec soon;
        clock_gettime(CLOCK_REALTIME, &soon);
        pthread_cond_timedwait(&changed, &mutex, &soon);  //~ waits-unlocked
      },
      {"wait-without-lock wait@waits-unlocked"});
  expect_found(
      [] {
        pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
        const auto wait = [&] {
          pthread_mutex_t mine = PTHREAD_MUTEX_INITIALIZER;
          pthread_mutex_lock(&mine);
          timespec later;
          clock_gettime(CLOCK_REALTIME, &later);
          later.tv_sec += 60;
          pthread_cond_timedwait(&changed, &mine, &later);  //~ each-with-its-own
          pthread_mutex_unlock(&mine);
        };
        std::thread other(wait);
        wait();
        other.join();
      },
      {"wait-with-other-lock wait@each-with-its-own"});
}

// ---- sleeps and clocks ----

TEST(Time, SleepsOrderEventsAndCostNothing) {
  const Tally tally;
  expect_clean([&] {
    const auto steady = steady_clock::now();
    const auto system = system_clock::now();
    std::this_thread::sleep_for(1h);
    std::this_thread::sleep_until(system + 10h);
    const auto steady_spent = steady_clock::now() - steady;
    const auto system_spent = system_clock::now() - system;
    assert(steady_spent >= 10h && system_spent >= 10h);
    const auto apart = steady_spent - system_spent;
    assert(apart < 1min && apart > -1min);
    tally.count(0);
  });
  EXPECT_GE(tally[0], 1);  // there is nothing to choose: one run is all there are
}

TEST(Time, EveryKindOfSleepPasses) {
  expect_clean([] {
    const auto before = steady_clock::now();
    sleep(100);
    usleep(100'000'000);
    timespec duration{.tv_sec = 100, .tv_nsec = 0}, left{.tv_sec = 5, .tv_nsec = 5};
    assert(nanosleep(&duration, &left) == 0 && left.tv_sec == 0 && left.tv_nsec == 0);
    assert(clock_nanosleep(CLOCK_MONOTONIC, 0, &duration, nullptr) == 0);
    timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 100;
    assert(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == 0);
    const auto spent = steady_clock::now() - before;
    assert(spent >= 500s && spent < 510s);
  });
}

TEST(Time, ClocksAgreeAndNeverGoBack) {
  expect_clean([] {
    std::mutex mutex;
    auto last_steady = steady_clock::now();
    auto last_system = system_clock::now();
    const auto look = [&] {
      for (int i = 0; i < 3; ++i) {
        const std::lock_guard guard(mutex);
        const auto steady = steady_clock::now();
        const auto system = system_clock::now();
        assert(steady > last_steady && system > last_system);
        last_steady = steady;
        last_system = system;
      }
    };
    std::thread other(look);
    look();
    other.join();
    const time_t seconds = time(nullptr);
    timeval micro;
    gettimeofday(&micro, nullptr);
    assert(micro.tv_sec - seconds <= 1 && micro.tv_sec >= seconds);
    assert(system_clock::to_time_t(system_clock::now()) - seconds <= 1);
  });
}

TEST(Time, APollingLoopEnds) {
  expect_clean([] {
    const auto deadline = steady_clock::now() + 10s;
    while (steady_clock::now() < deadline) {
    }
  });
}

TEST(Time, AnEarlierDeadlineComesFirst) {
  expect_clean([] {
    std::atomic<int> woken{0};
    std::thread later([&] {
      std::this_thread::sleep_for(2s);
      ++woken;
    });
    std::thread forever([&] { std::this_thread::sleep_for(1000h); });
    std::this_thread::sleep_for(1s);
    later.join();
    forever.join();
    assert(woken == 1);
  });
}

TEST(Time, SleepIsNoSynchronization) {
  expect_found(
      [] {
        int result = 0;
        std::thread worker([&] { result = 1; });  //~ works
        std::this_thread::sleep_for(1h);
        const int seen = result;  //~ hopes
        worker.join();
        assert(seen <= 1);
      },
      {"data-race write@works read@hopes"});
}

TEST(Time, YieldLetsAnyOtherGoOn) {
  const Tally tally;
  expect_clean([&] {
    std::atomic<int> count{0};
    std::thread other([&] { count = 1; });
    std::this_thread::yield();
    tally.count(count);
    sched_yield();
    other.join();
  });
  EXPECT_GT(tally[0], 0);
  EXPECT_GT(tally[1], 0);
}

}  // namespace
}  // namespace chicane::tests
