// SPDX-License-Identifier: Apache-2.0
//
// `destroyed-in-use`: a std::mutex whose memory goes while it is held.
#include <atomic>
#include <memory>
#include <mutex>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

TEST(LockLifetime, AHeldLockIsFreed) {
  expect_found(
      [] {
        auto mutex = std::make_unique<std::mutex>();
        mutex->lock();  //~ taken
        mutex.reset();  //~ freed
      },
      {"destroyed-in-use destroy@freed locked@taken", "lock-leak locked@taken"});
}

TEST(LockLifetime, AHeldLockWasAVariableOfAThreadThatEnded) {
  const Result result = explore(
      [] {
        std::atomic<bool> held = false;
        std::thread([&] {
          std::mutex mutex;
          std::thread([&] {
            mutex.lock();  //~ held-on
            held = true;
          }).detach();
          while (!held) std::this_thread::yield();
        }).join();
      },
      options(50));
  bool found = false;
  for (const Diagnosis& diagnosis : result.diagnoses) {
    found |= diagnosis.kind == "destroyed-in-use" && diagnosis.sites.size() == 1;
  }
  EXPECT_TRUE(found) << describe(result);
}

TEST(LockLifetime, AFreeLockIsFreed) {
  expect_clean([] {
    auto mutex = std::make_unique<std::mutex>();
    mutex->lock();
    mutex->unlock();
    mutex.reset();
  });
}

}  // namespace
}  // namespace chicane::tests
