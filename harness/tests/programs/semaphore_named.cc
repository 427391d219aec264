// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: sem_open: a named semaphore may be posted by other processes; use sem_init
// native: no, because it would leave a name in the system
#include <fcntl.h>
#include <semaphore.h>

int main() {
  sem_open("/chicane-program", O_CREAT, 0600, 1);  //~ here
  return 0;
}
