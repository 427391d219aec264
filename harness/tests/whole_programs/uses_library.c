// SPDX-License-Identifier: Apache-2.0
// Two threads in a library that has no lock.
#include <pthread.h>

void count_hit(void);

static void* work(void* unused) {
  count_hit();
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, NULL);
  count_hit();
  pthread_join(thread, NULL);
  return 0;
}
