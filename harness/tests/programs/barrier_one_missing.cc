// SPDX-License-Identifier: Apache-2.0
//
// expect: deadlock waits@waits
// says: waits at a barrier
// native: no, because it never ends
#include <pthread.h>

int main() {
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, nullptr, 2);
  pthread_barrier_wait(&barrier);  //~ waits
  return 0;
}
