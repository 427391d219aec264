// SPDX-License-Identifier: Apache-2.0
// The same writes, both under the lock.
//~ none
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(race_behind_lock_edge, good) {
  Mutex mutex;
  int version = 0;
  int readers = 0;
  WaitGroup wg;

  wg.go([&] {
    std::lock_guard guard(mutex);
    version = 1;
    ++readers;
  });
  wg.go([&] {
    std::lock_guard guard(mutex);
    ++readers;
    version = 2;
  });
  wg.wait();
}
