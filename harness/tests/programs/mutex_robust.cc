// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: pthread_mutex_init: a robust mutex has no model; use PTHREAD_MUTEX_STALLED
#include <pthread.h>

int main() {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_t mutex;
  pthread_mutex_init(&mutex, &attributes);  //~ here
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  return 0;
}
