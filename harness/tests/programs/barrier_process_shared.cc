// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: pthread_barrier_init: a process-shared barrier has no model
#include <pthread.h>

int main() {
  pthread_barrierattr_t attributes;
  pthread_barrierattr_init(&attributes);
  pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, &attributes, 1);  //~ here
  return 0;
}
