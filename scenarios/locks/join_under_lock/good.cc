// SPDX-License-Identifier: Apache-2.0
// The same count; the lock is let go before the wait.
//~ none
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(join_under_lock, good) {
  Mutex mutex;
  int votes = 0;
  WaitGroup wg;

  for (int i = 0; i < 2; i++) {
    wg.go([&] {
      std::lock_guard vote(mutex);
      ++votes;
    });
  }
  wg.wait();
}
