// SPDX-License-Identifier: Apache-2.0
// A step from notes S1:229-241: published by relaxed accesses and fences, but the value is written
// after the fence that should send it off.
#include <atomic>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(misplaced_fence, bad) {
  int price = 0;
  std::atomic<bool> known = false;

  std::thread writer([&] {
    std::atomic_thread_fence(std::memory_order_release);
    price = 42;  //~ data-race#price write [sched tsan]: the fence covers what stands before it
    known.store(true, std::memory_order_relaxed);
  });
  std::thread reader([&] {
    if (!known.load(std::memory_order_relaxed)) return;
    std::atomic_thread_fence(std::memory_order_acquire);
    [[maybe_unused]] volatile int seen = price;  //~ data-race#price read [sched tsan]: 0 or 42
  });
  writer.join();
  reader.join();
}
