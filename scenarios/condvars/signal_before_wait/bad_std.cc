// SPDX-License-Identifier: Apache-2.0
// Notes S1:64-76 with std::condition_variable: a notification is not remembered either.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(signal_before_wait, bad) {
  std::mutex mutex;
  std::condition_variable changed;

  std::thread receiver([&] {
    std::unique_lock lock(mutex);
    changed.wait(lock);  //~ lost-wakeup#notify waits [sched]: the notification may be over
  });
  changed.notify_one();  //~ lost-wakeup#notify signals [sched]: wakes nobody when nobody waits yet
  receiver.join();
}
