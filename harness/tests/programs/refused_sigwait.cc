// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: sigwait: signals are not scheduled by the engine; wait on a condition variable
// native: no, because it waits for ever
#include <signal.h>

int main() {
  sigset_t set;
  sigemptyset(&set);
  int number = 0;
  sigwait(&set, &number);  //~ here
  return 0;
}
