// SPDX-License-Identifier: Apache-2.0
// Notes S1:69: the lock is held for the look at the state, and no longer held for the wait.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(wait_without_lock, bad) {
  Mutex mutex;
  Cond cond(mutex);
  bool sent = false;
  WaitGroup wg;

  wg.go([&] {
    mutex.lock();
    const bool must_wait = !sent;
    mutex.unlock();
    if (must_wait) cond.wait();  //~ wait-without-lock#wait [sched]: it unlocks what nobody locked
  });

  mutex.lock();
  sent = true;
  mutex.unlock();  //~ unlock-of-unlocked#wait unlock [sched]: the wait has unlocked it for us
  cond.signal();
  wg.wait();
}
