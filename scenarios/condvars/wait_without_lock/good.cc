// SPDX-License-Identifier: Apache-2.0
// The same wait; the lock is held from the look at the state until after the wait.
//~ none
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(wait_without_lock, good) {
  Mutex mutex;
  Cond cond(mutex);
  bool sent = false;
  WaitGroup wg;

  wg.go([&] {
    mutex.lock();
    while (!sent) cond.wait();
    mutex.unlock();
  });

  mutex.lock();
  sent = true;
  mutex.unlock();
  cond.signal();
  wg.wait();
}
