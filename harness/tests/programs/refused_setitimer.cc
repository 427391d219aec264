// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: setitimer: it would interrupt the run in real time
#include <sys/time.h>

int main() {
  itimerval value{};
  setitimer(ITIMER_REAL, &value, nullptr);  //~ here
  return 0;
}
