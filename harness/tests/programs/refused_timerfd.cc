// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: timerfd_create: it would interrupt the run in real time
#include <sys/timerfd.h>

int main() {
  timerfd_create(CLOCK_MONOTONIC, 0);  //~ here
  return 0;
}
