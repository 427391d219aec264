// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: alarm: it would interrupt the run in real time; sleep in a thread of its own
// native: no, because its alarm would end the test
#include <unistd.h>

int main() {
  alarm(100);  //~ here
  return 0;
}
