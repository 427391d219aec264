// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: pause: signals are not scheduled
// native: no, because it waits for ever
#include <unistd.h>

int main() {
  pause();  //~ here
  return 0;
}
