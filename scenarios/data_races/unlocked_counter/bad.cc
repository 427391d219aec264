// SPDX-License-Identifier: Apache-2.0
// Notes S3:35-49: `go incr()` in a loop, and incr() does counter++.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(unlocked_counter, bad) {
  int counter = 0;
  auto incr = [&] {
    counter++;  //~ data-race#counter [sched tsan]: read, add, write: nothing orders the three steps
  };
  WaitGroup wg;
  for (int i = 0; i < 3; i++) {
    wg.go(incr);
  }
  wg.wait();
}
