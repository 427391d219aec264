// SPDX-License-Identifier: Apache-2.0
//
// `destroyed-in-use`: a std::mutex whose memory goes while it is held or waited for.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

bool shows(const Result& result, std::size_t sites, const std::string& part = "") {
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (diagnosis.kind != "destroyed-in-use" || diagnosis.sites.size() != sites) continue;
    if (diagnosis.message.find(part) != std::string::npos) return true;
  }
  return false;
}

TEST(LockLifetime, AHeldLockIsFreed) {
  const Result result = explore(
      [] {
        auto mutex = std::make_unique<std::mutex>();
        std::atomic<bool> held = false;
        std::thread holder([&, taken = mutex.get()] {
          taken->lock();
          held = true;
          for (int i = 0; i < 20; ++i) std::this_thread::yield();
        });
        while (!held) std::this_thread::yield();
        mutex.reset();
        holder.join();
      },
      options(50));
  EXPECT_TRUE(shows(result, 2, "which thread 1 holds")) << describe(result);
}

TEST(LockLifetime, ALockThatIsWaitedForIsFreed) {
  const Result result = explore(
      [] {
        auto mutex = std::make_unique<std::mutex>();
        mutex->lock();
        std::thread waiter([taken = mutex.get()] { taken->lock(); });
        std::this_thread::yield();
        mutex->unlock();
        mutex.reset();
        waiter.join();
      },
      options(50));
  EXPECT_TRUE(shows(result, 2, "waits for")) << describe(result);
}

TEST(LockLifetime, AFreedLockIsTaken) {
  expect_found(
      [] {
        auto mutex = std::make_unique<std::mutex>();
        std::thread late([taken = mutex.get()] {
          taken->lock();  //~ too-late
          taken->unlock();
        });
        mutex.reset();  //~ frees
        late.join();
      },
      {"use-after-free read@too-late free@frees"});
}

TEST(LockLifetime, AFreedConditionIsSignalled) {
  expect_found(
      [] {
        auto changed = std::make_unique<std::condition_variable>();
        std::condition_variable* signalled = changed.get();
        std::thread late([signalled] { signalled->notify_one(); });  //~ signals
        changed.reset();                                             //~ frees-condition
        late.join();
      },
      {"use-after-free read@signals free@frees-condition"});
}

TEST(LockLifetime, ALockInMemoryThatWasFreedBefore) {
  expect_clean([] {
    for (int i = 0; i < 3; ++i) {
      const auto mutex = std::make_unique<std::mutex>();
      const std::lock_guard guard(*mutex);
    }
  });
}

TEST(LockLifetime, AConditionThatAllHaveBeenNotifiedOfMayGo) {
  expect_clean([] {
    std::mutex mutex;
    bool ready = false;
    auto changed = std::make_unique<std::condition_variable>();
    std::condition_variable* awaited = changed.get();
    const auto wait = [&mutex, &ready, awaited] {
      std::unique_lock lock(mutex);
      while (!ready) awaited->wait(lock);
    };
    std::thread waiter(wait);
    {
      std::unique_lock lock(mutex);
      ready = true;
      changed->notify_all();
    }
    waiter.join();
    changed.reset();
  });
}

TEST(LockLifetime, AConditionMayGoWhileTheNotifiedAreOnTheirWay) {
  expect_clean([] {
    std::mutex mutex;
    bool waiting = false, ready = false;
    auto changed = std::make_unique<std::condition_variable>();
    std::condition_variable* awaited = changed.get();
    std::thread waiter([&, awaited] {
      std::unique_lock lock(mutex);
      waiting = true;
      while (!ready) awaited->wait(lock);
    });
    for (bool done = false; !done;) {
      std::unique_lock lock(mutex);
      if (!waiting) continue;
      ready = done = true;
      awaited->notify_all();
      changed.reset();
    }
    waiter.join();
  });
}

TEST(LockLifetime, AConditionThatIsWaitedForIsFreed) {
  const Result result = explore(
      [] {
        std::mutex mutex;
        bool waiting = false;
        auto changed = std::make_unique<std::condition_variable>();
        std::condition_variable* awaited = changed.get();
        std::thread waiter([&, awaited] {
          std::unique_lock lock(mutex);
          waiting = true;
          awaited->wait(lock);
        });
        for (bool seen = false; !seen;) {
          const std::lock_guard guard(mutex);
          seen = waiting;
        }
        changed.reset();
        waiter.join();
      },
      options(100));
  EXPECT_TRUE(shows(result, 2, "waits for") || shows(result, 1, "destroys")) << describe(result);
}

TEST(LockLifetime, AFreeLockIsFreed) {
  expect_clean([] {
    auto mutex = std::make_unique<std::mutex>();
    mutex->lock();
    mutex->unlock();
    mutex.reset();
  });
}

/// Gives its frame's lock to a thread that it does not wait for.
void leave_with_lock_held(std::atomic<bool>& held, std::atomic<bool>& go_on, std::thread& holder) {
  std::mutex mutex;
  holder = std::thread([&held, &go_on, taken = &mutex] {
    taken->lock();
    held = true;
    while (!go_on) std::this_thread::yield();
    taken->unlock();
  });
  while (!held) std::this_thread::yield();
}

TEST(LockLifetime, AHeldLockOfAFunctionThatHasReturned) {
  const Result result = explore(
      [] {
        std::atomic<bool> held = false, go_on = false;
        std::thread holder;
        leave_with_lock_held(held, go_on, holder);
        go_on = true;
        holder.join();
      },
      options(50));
  EXPECT_TRUE(shows(result, 1, "has returned")) << describe(result);
}

TEST(LockLifetime, AHeldLockOfAThreadThatHasEnded) {
  const Result result = explore(
      [] {
        std::atomic<bool> held = false, go_on = false;
        std::thread holder;
        std::thread owner([&] { leave_with_lock_held(held, go_on, holder); });
        owner.join();
        go_on = true;
        holder.join();
      },
      options(50));
  EXPECT_TRUE(shows(result, 1, "was a variable of")) << describe(result);
}

void locks_its_own() {
  std::mutex mutex;
  mutex.lock();
}

TEST(LockLifetime, AFunctionThatLeavesItsOwnLockLocked) {
  const Result result = explore(
      [] {
        locks_its_own();
        std::mutex other;
        const std::lock_guard guard(other);
      },
      options(5));
  EXPECT_TRUE(shows(result, 1, "its own")) << describe(result);
}

void uses_locks_in_frames(std::mutex* outer, int depth) {
  std::mutex mine;
  const std::lock_guard guard(mine);
  if (outer != nullptr) outer->lock();
  if (depth > 0) uses_locks_in_frames(&mine, 0 - depth);
  if (outer != nullptr) outer->unlock();
}

TEST(LockLifetime, LocksOfFunctionsThatAreStillThere) {
  expect_clean([] {
    std::mutex mutex;
    const auto work = [&] {
      std::mutex inner;
      for (int i = 0; i < 3; ++i) {
        const std::lock_guard guard(mutex);
        const std::lock_guard nested(inner);
        uses_locks_in_frames(nullptr, 0);
      }
    };
    together(work, work);
  });
}

TEST(LockLifetime, ALockThatAnotherThreadUnlocks) {
  const Result result = explore(
      [] {
        std::mutex mutex;
        std::thread other([&] { mutex.lock(); });
        other.join();
        mutex.unlock();
      },
      options(20));
  for (const Diagnosis& diagnosis : result.diagnoses) {
    EXPECT_NE(diagnosis.kind, "destroyed-in-use") << describe(result);
  }
}

}  // namespace
}  // namespace chicane::tests
