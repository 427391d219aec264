// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: pthread_rwlock_init: a process-shared
#include <pthread.h>

int main() {
  pthread_rwlockattr_t attributes;
  pthread_rwlockattr_init(&attributes);
  pthread_rwlockattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_rwlock_t shared;
  pthread_rwlock_init(&shared, &attributes);  //~ here
  return 0;
}
