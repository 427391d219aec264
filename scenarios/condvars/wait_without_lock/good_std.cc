// SPDX-License-Identifier: Apache-2.0
// The same wait; the lock is held from the look at the state until after the wait.
//~ none
#include <condition_variable>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(wait_without_lock, good) {
  std::mutex mutex;
  std::condition_variable changed;
  bool sent = false;

  std::thread receiver([&] {
    std::unique_lock lock(mutex);
    while (!sent) changed.wait(lock);
  });

  {
    std::lock_guard lock(mutex);
    sent = true;
  }
  changed.notify_one();
  receiver.join();
}
