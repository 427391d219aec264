// SPDX-License-Identifier: Apache-2.0
// The same notification; a flag remembers it, and wait() looks at the flag first.
//~ none
#include <condition_variable>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(signal_before_wait, good) {
  std::mutex mutex;
  std::condition_variable changed;
  bool sent = false;

  std::thread receiver([&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return sent; });
  });
  {
    std::lock_guard lock(mutex);
    sent = true;
  }
  changed.notify_one();
  receiver.join();
}
