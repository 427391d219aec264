// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: sem_init: a process-shared semaphore has no model; pass pshared = 0
#include <semaphore.h>

int main() {
  sem_t semaphore;
  sem_init(&semaphore, 1, 1);  //~ here
  return 0;
}
