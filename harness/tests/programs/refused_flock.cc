// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: flock: other processes may take part
#include <sys/file.h>

int main() {
  flock(0, LOCK_EX);  //~ here
  return 0;
}
