// SPDX-License-Identifier: Apache-2.0
// Notes S1:223-224, "guard, double check, shared flag", with an atomic flag: stored with release
// after the table is complete, loaded with acquire before it is read.
//~ none
#include <atomic>
#include <cassert>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Squares {
  std::atomic<bool> ready = false;
  std::mutex mutex;
  int table[4] = {};
};

int square(Squares& squares, int number) {
  if (!squares.ready.load(std::memory_order_acquire)) {
    std::lock_guard lock(squares.mutex);
    if (!squares.ready.load(std::memory_order_relaxed)) {
      for (int i = 0; i < 4; ++i) squares.table[i] = i * i;
      squares.ready.store(true, std::memory_order_release);
    }
  }
  return squares.table[number];
}
}  // namespace

CHICANE_SCENARIO(atomic_double_check, good) {
  Squares squares;
  std::thread first([&] { assert(square(squares, 2) == 4); });
  std::thread second([&] { assert(square(squares, 3) == 9); });
  first.join();
  second.join();
}
