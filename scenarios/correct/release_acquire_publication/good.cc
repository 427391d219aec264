// SPDX-License-Identifier: Apache-2.0
// A plain value published by an atomic flag: stored with release, loaded with acquire.
//~ none
#include <atomic>
#include <cassert>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(release_acquire_publication, good) {
  int price = 0;
  std::atomic<bool> known = false;

  std::thread writer([&] {
    price = 42;
    known.store(true, std::memory_order_release);
  });
  std::thread reader([&] {
    if (known.load(std::memory_order_acquire)) assert(price == 42);
  });
  writer.join();
  reader.join();
}
