// SPDX-License-Identifier: Apache-2.0
#include <chicane/golang.h>
#include <chicane/scenario.h>

CHICANE_SCENARIO(counter, good) {
  int counter = 0;
  ++counter;
}
