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

bool shows(const Result& result, std::size_t sites) {
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (diagnosis.kind == "destroyed-in-use" && diagnosis.sites.size() == sites) return true;
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
  EXPECT_TRUE(shows(result, 2)) << describe(result);
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
