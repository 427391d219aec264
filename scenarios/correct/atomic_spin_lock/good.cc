// SPDX-License-Identifier: Apache-2.0
// A lock made by hand of one atomic flag: no detector knows that it is a lock, the orders suffice.
//~ none
#include <atomic>
#include <cassert>
#include <thread>

#include "chicane/scenario.h"

namespace {
class SpinLock {
 public:
  void lock() {
    while (locked_.exchange(true, std::memory_order_acquire)) std::this_thread::yield();
  }
  void unlock() { locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> locked_ = false;
};
}  // namespace

CHICANE_SCENARIO(atomic_spin_lock, good) {
  SpinLock spin;
  int counter = 0;
  const auto count = [&] {
    spin.lock();
    ++counter;
    spin.unlock();
  };
  std::thread first(count);
  std::thread second(count);
  first.join();
  second.join();
  assert(counter == 2);
}
