// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: timer_create: it would interrupt the run in real time
#include <signal.h>
#include <time.h>

int main() {
  timer_t timer;
  timer_create(CLOCK_MONOTONIC, nullptr, &timer);  //~ here
  return 0;
}
