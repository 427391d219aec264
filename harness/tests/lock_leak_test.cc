// SPDX-License-Identifier: Apache-2.0
//
// Locks that a function keeps when it returns, and what comes of it; and the copy of a held lock.
#include <pthread.h>

#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "expect.h"

namespace chicane::tests {
namespace {

struct Ticker {
  std::mutex mutex;
  bool done = true;

  bool tick() {
    mutex.lock();  //~ keeps
    if (done) return false;
    mutex.unlock();
    return true;
  }
};

std::string detail_of(const Result& result, const std::string& kind, const std::string& role) {
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (diagnosis.kind != kind) continue;
    for (const Site& site : diagnosis.sites) {
      if (site.role == role) return site.detail;
    }
  }
  return "no " + kind + " with " + role + ": " + describe(result);
}

TEST(LockLeak, NamesTheFunctionThatReturned) {
  const Result result = explore(
      [] {
        Ticker ticker;
        std::thread other([&] { ticker.tick(); });
        other.join();
      },
      options(20));
  EXPECT_EQ(detail_of(result, "lock-leak", "locked"), "never unlocked; `tick` has returned");
}

TEST(LockLeak, AThreadThatComesBackForTheLockOfItsEarlyReturn) {
  const Result result = explore(
      [] {
        Ticker ticker;
        ticker.tick();
        ticker.tick();
      },
      options(20));
  EXPECT_EQ(detail_of(result, "self-deadlock", "holds"), "`tick` has returned");
}

TEST(LockLeak, ADeadlockWithALockThatAnEarlyReturnKept) {
  const Result result = explore(
      [] {
        Ticker ticker;
        ticker.tick();
        std::thread other([&] { ticker.tick(); });
        other.join();
      },
      options(20));
  EXPECT_EQ(detail_of(result, "deadlock", "holds"), "`tick` has returned");
}

void nested(std::mutex& one, std::mutex& other) {
  const std::lock_guard first(one);
  const std::lock_guard second(other);
}

TEST(LockLeak, AFunctionThatIsStillThereHasNotReturned) {
  const Result result = explore(
      [] {
        std::mutex a, b;
        together([&] { nested(a, b); }, [&] { nested(b, a); });
      },
      options(200));
  EXPECT_EQ(detail_of(result, "deadlock", "holds"), "");
}

struct Account {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  int balance = 0;
};

TEST(CopiedLock, ACopyOfAHeldMutexIsLockedForEver) {
  expect_found(
      [] {
        Account account;
        pthread_mutex_lock(&account.mutex);
        Account snapshot = account;
        pthread_mutex_unlock(&account.mutex);
        pthread_mutex_lock(&snapshot.mutex);  //~ locks-copy
        pthread_mutex_unlock(&snapshot.mutex);
      },
      {"copied-lock use@locks-copy"});
}

TEST(CopiedLock, AnotherThreadsCopy) {
  expect_found(
      [] {
        Account account;
        pthread_mutex_lock(&account.mutex);
        auto snapshot = std::make_unique<Account>(account);
        pthread_mutex_unlock(&account.mutex);
        std::thread reader([&] {
          pthread_mutex_lock(&snapshot->mutex);  //~ other-locks-copy
          pthread_mutex_unlock(&snapshot->mutex);
        });
        reader.join();
      },
      {"copied-lock use@other-locks-copy"});
}

TEST(CopiedLock, ACopyOfAFreeMutexThatWasInUse) {
  expect_found(
      [] {
        Account account;
        const auto deposit = [](Account& to) {
          pthread_mutex_lock(&to.mutex);  //~ locks-free-copy
          ++to.balance;
          pthread_mutex_unlock(&to.mutex);
        };
        deposit(account);
        Account snapshot = account;
        together([&] { deposit(snapshot); }, [&] { deposit(snapshot); });
      },
      {"copied-lock use@locks-free-copy"});
}

TEST(CopiedLock, WhatIsMadeAnewAtAnotherPlaceIsNoCopy) {
  expect_clean([] {
    Account account;
    const auto use = [](pthread_mutex_t* mutex) {
      pthread_mutex_lock(mutex);
      pthread_mutex_unlock(mutex);
    };
    use(&account.mutex);
    Account other = account;
    pthread_mutex_init(&other.mutex, nullptr);
    use(&other.mutex);
    const Account before = other;  // and back to the same place
    use(&other.mutex);
    other = before;
    use(&other.mutex);
    pthread_mutex_destroy(&other.mutex);
    std::vector<std::mutex> many(3);
    std::swap(account.balance, other.balance);
    for (std::mutex& mutex : many) use(mutex.native_handle());
    std::vector<std::mutex> moved = std::move(many);
    for (std::mutex& mutex : moved) use(mutex.native_handle());
  });
}

TEST(CopiedLock, ACopyOfAMutexThatNobodyUsedIsAMutex) {
  expect_clean([] {
    Account account;
    Account snapshot = account;
    pthread_mutex_lock(&snapshot.mutex);
    pthread_mutex_unlock(&snapshot.mutex);
  });
}

}  // namespace
}  // namespace chicane::tests
