// SPDX-License-Identifier: Apache-2.0
//
// Go's rules for package sync, on native threads and under the engine: the rows of sync.h's tables.
#include <mutex>
#include <shared_mutex>

#include "chicane/golang.h"
#include "golang/both_ways.h"

namespace chicane::golang {
namespace {

TEST(Mutex, Excludes) {
  both_ways([] {
    Mutex mu;
    WaitGroup group;
    int count = 0;
    for (int i = 0; i < 3; ++i) {
      group.go([&] {
        std::lock_guard guard(mu);
        ++count;
      });
    }
    group.wait();
    must(count == 3);
  });
}

TEST(Mutex, TryLockAndUnlockByAnother) {
  both_ways([] {
    Mutex mu;
    must(mu.try_lock());
    must(!mu.try_lock());
    Chan<Unit> done;
    go([&] {
      mu.unlock();  // allowed: a Mutex belongs to nobody
      done.send({});
    });
    done.recv();
    mu.lock();
    mu.unlock();
  });
}

TEST(Mutex, UnlockOfUnlockedIsFatal) {
  EXPECT_DEATH(
      {
        Mutex mu;
        try {
          mu.unlock();
        } catch (...) {
        }
      },
      "fatal error: sync: unlock of unlocked mutex");
  only_explored(
      [] {
        Mutex mu;
        mu.unlock();
      },
      {"unlock-of-unlocked"});
  only_explored(
      [] {
        Mutex mu;
        mu.lock();
        mu.unlock();
        mu.unlock();
      },
      {"double-unlock"});
}

TEST(Mutex, IsNotRecursive) {
  only_explored(
      [] {
        Mutex mu;
        mu.lock();
        mu.lock();
      },
      {"self-deadlock"});
}

TEST(Mutex, OutlivedByAWaiter) {
  // main's locals are gone while goroutines wait for them: they wait for ever, as in Go.
  only_explored(
      [] {
        Mutex mu;
        RWMutex rw;
        WaitGroup group;
        group.add(1);
        mu.lock();
        rw.lock();
        go([&] { mu.lock(); });
        go([&] { rw.lock_shared(); });
        go([&] { group.wait(); });
        sleep(1s);
      },
      {"goroutine-leak", "lock-leak"});
}

TEST(RWMutex, ReadersShareWritersDoNot) {
  both_ways([] {
    RWMutex rw;
    rw.lock_shared();
    must(rw.try_lock_shared());
    must(!rw.try_lock());
    rw.unlock_shared();
    rw.unlock_shared();
    must(rw.try_lock());
    must(!rw.try_lock_shared());
    rw.unlock();
    {
      std::shared_lock guard(rw);
    }
    {
      std::unique_lock guard(rw);
    }
  });
}

TEST(RWMutex, AWaitingWriterBlocksNewReaders) {
  // Only the writer stands between the two read locks: without it nothing would block.
  only_explored(
      [] {
        RWMutex rw;
        WaitGroup group;
        group.go([&] {
          rw.lock();
          rw.unlock();
        });
        rw.lock_shared();
        rw.lock_shared();
        rw.unlock_shared();
        rw.unlock_shared();
        group.wait();
      },
      {"deadlock"});
}

TEST(RWMutex, UnlockOfUnlockedIsFatal) {
  EXPECT_DEATH(RWMutex().unlock(), "Unlock of unlocked RWMutex");
  EXPECT_DEATH(RWMutex().unlock_shared(), "RUnlock of unlocked RWMutex");
}

TEST(Cond, WakesInOrderAndLosesSignalsToNobody) {
  both_ways([] {
    Mutex mu;
    Cond cond(mu);
    bool ready = false;
    cond.signal();
    WaitGroup group;
    for (int i = 0; i < 2; ++i) {
      group.go([&] {
        mu.lock();
        while (!ready) cond.wait();
        mu.unlock();
      });
    }
    mu.lock();
    ready = true;
    cond.broadcast();
    mu.unlock();
    group.wait();
  });
  only_explored(
      [] {
        Mutex mu;
        Cond cond(mu);
        mu.lock();
        cond.signal();
        cond.wait();
      },
      {"lost-wakeup"});
}

TEST(Cond, WaitWithoutTheLockIsFatal) {
  EXPECT_DEATH(
      {
        Mutex mu;
        Cond(mu).wait();
      },
      "unlock of unlocked mutex");
  only_explored(
      [] {
        Mutex mu;
        Cond cond(mu);
        cond.wait();
      },
      {"wait-without-lock"});
}

TEST(WaitGroup, NegativeCounterPanics) {
  both_ways(
      [] {
        WaitGroup group;
        group.add(1);
        group.done();
        must(panic_kind([&] { group.done(); }) == "negative-waitgroup");
      },
      {"negative-waitgroup"});
}

TEST(WaitGroup, MayBeUsedAgainAfterWait) {
  both_ways([] {
    WaitGroup group;
    for (int turn = 0; turn < 2; ++turn) {
      int done[2] = {0, 0};
      for (int i = 0; i < 2; ++i) group.go([&done, i] { done[i] = 1; });
      group.wait();
      must(done[0] + done[1] == 2);
    }
    group.wait();
  });
}

TEST(WaitGroup, AddInsideTheGoroutineIsMisuse) {
  only_explored(
      [] {
        // Static: it outlives main, which may be over before the goroutine; each run has it anew.
        static WaitGroup group;
        go([] {
          group.add(1);
          group.done();
        });
        group.wait();
      },
      {"waitgroup-misuse"});
}

TEST(Once, RunsOnceAndEverybodyWaitsForIt) {
  both_ways([] {
    Once once;
    int runs = 0;
    WaitGroup group;
    for (int i = 0; i < 3; ++i) {
      group.go([&] {
        once.call([&] { ++runs; });
        must(runs == 1);
      });
    }
    group.wait();
  });
}

TEST(Once, CountsAsDoneAfterAPanic) {
  both_ways([] {
    Once once;
    bool caught = false;
    try {
      once.call([] { panic("broken"); });
    } catch (const Panic& p) {
      caught = p.message() == "broken";
    }
    must(caught);
    once.call([] { must(false); });
  });
}

TEST(Once, CallingItselfWaitsForEver) {
  only_explored(
      [] {
        Once once;
        once.call([&] { once.call([] {}); });
      },
      {"self-deadlock"});
}

TEST(Defer, RunsAtTheEndOfTheFunctionInReverseOrder) {
  both_ways([] {
    std::string order;
    const auto f = [&] {
      Defer defer;
      for (char c : {'a', 'b', 'c'}) defer([&order, c] { order += c; });
      order += '-';
    };
    f();
    must(order == "-cba");
    const auto h = [&] {
      Defer defer;
      defer([&] { order += 'x'; });
      defer([] { panic("deferred"); });
    };
    bool caught = false;
    try {
      h();
    } catch (const Panic& p) {
      caught = p.message() == "deferred";
    }
    must(caught && order == "-cbax");
  });
}

TEST(Panic, UncaughtEndsTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // starts threads
  EXPECT_DEATH(
      {
        go([] { panic("nobody catches this"); });
        sleep(1h);
      },
      "nobody catches this");
  only_explored(
      [] {
        go([] { panic("nobody catches this"); });
        sleep(1s);
      },
      {"uncaught-panic"});
}

}  // namespace
}  // namespace chicane::golang
