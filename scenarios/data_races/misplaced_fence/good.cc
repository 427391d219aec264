// SPDX-License-Identifier: Apache-2.0
// The same publication; the fence stands between the value and the flag.
//~ none
#include <atomic>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(misplaced_fence, good) {
  int price = 0;
  std::atomic<bool> known = false;

  std::thread writer([&] {
    price = 42;
    std::atomic_thread_fence(std::memory_order_release);
    known.store(true, std::memory_order_relaxed);
  });
  std::thread reader([&] {
    if (!known.load(std::memory_order_relaxed)) return;
    std::atomic_thread_fence(std::memory_order_acquire);
    [[maybe_unused]] volatile int seen = price;
  });
  writer.join();
  reader.join();
}
