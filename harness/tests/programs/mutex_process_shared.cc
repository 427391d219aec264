// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: pthread_mutex_init: a process-shared
#include <pthread.h>

int main() {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutex_t shared;
  pthread_mutex_init(&shared, &attributes);  //~ here
  return 0;
}
