// SPDX-License-Identifier: Apache-2.0
#include <chicane/golang.h>
#include <chicane/scenario.h>

CHICANE_SCENARIO(counter, bad) {
  int counter = 0;
  chicane::golang::go([&] {
    ++counter;  //~ data-race#counter write [sched tsan]: nothing orders the two increments
  });
  ++counter;  //~ data-race#counter write [sched tsan]
}
