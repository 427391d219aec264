// SPDX-License-Identifier: Apache-2.0
// Notes S1:69 with std::condition_variable: the lock that wait() gets is not locked, undefined.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(wait_without_lock, bad) {
  std::mutex mutex;
  std::condition_variable changed;
  bool sent = false;

  std::thread receiver([&] {
    std::unique_lock lock(mutex);
    const bool must_wait = !sent;
    lock.unlock();
    if (must_wait) changed.wait(lock);  //~ wait-without-lock#cv [sched]; lost-wakeup#cv [sched]
  });

  {
    std::lock_guard lock(mutex);
    sent = true;
  }
  changed.notify_one();  //~ lost-wakeup#cv signals [sched]: may come between the look and the wait
  receiver.join();
}
