// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: signalfd: signals are not scheduled by the engine
#include <signal.h>
#include <sys/signalfd.h>

int main() {
  sigset_t set;
  sigemptyset(&set);
  signalfd(-1, &set, 0);  //~ here
  return 0;
}
