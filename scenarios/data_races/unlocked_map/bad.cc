// SPDX-License-Identifier: Apache-2.0
// Notes S4:41: several goroutines add to a built-in map.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(unlocked_map, bad) {
  Map<int, int> votes;
  WaitGroup wg;
  for (int i = 0; i < 2; i++) {
    wg.go([&, i] {
      votes[i] = 1;  //~ concurrent-map-access#votes [sched]: different keys, one hash table
    });
  }
  wg.wait();
}
