// SPDX-License-Identifier: Apache-2.0
// Notes S4:40-41: a map that is added to under a lock.
//~ none
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(unlocked_map, good) {
  Map<int, int> votes;
  Mutex mu;
  WaitGroup wg;
  for (int i = 0; i < 2; i++) {
    wg.go([&, i] {
      std::lock_guard guard(mu);
      votes[i] = 1;
    });
  }
  wg.wait();
}
