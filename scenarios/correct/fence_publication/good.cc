// SPDX-License-Identifier: Apache-2.0
// A plain value published by relaxed accesses to a flag, with a fence on each side.
//~ none
#include <atomic>
#include <cassert>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(fence_publication, good) {
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
    assert(price == 42);
  });
  writer.join();
  reader.join();
}
