// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: pthread_cond_init: a process-shared
#include <pthread.h>

int main() {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_cond_t shared;
  pthread_cond_init(&shared, &attributes);  //~ here
  return 0;
}
