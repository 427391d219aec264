// SPDX-License-Identifier: Apache-2.0
//~ none
#include <chicane/golang.h>
#include <chicane/scenario.h>

CHICANE_SCENARIO(no_counter, good) {
  int counter = 0;
  ++counter;
}
