// SPDX-License-Identifier: Apache-2.0
// Notes S3:54-81: the same counter under a lock.
//~ none
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(unlocked_counter, good) {
  int counter = 0;
  Mutex lock;
  auto incr = [&] {
    std::lock_guard guard(lock);
    counter++;
  };
  WaitGroup wg;
  for (int i = 0; i < 3; i++) {
    wg.go(incr);
  }
  wg.wait();
}
