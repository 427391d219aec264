// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

static int count;

static void* add(void* unused) {
  ++count;
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, 0, add, 0);
  ++count;
  pthread_join(thread, 0);
  return 0;
}
