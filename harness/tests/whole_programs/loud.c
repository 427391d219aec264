// SPDX-License-Identifier: Apache-2.0
// Writes to both outputs in each run.
#include <pthread.h>
#include <stdio.h>

int plain;  // not static: one that nobody reads would go
static void* work(void* unused) {
  plain = 1;
  return unused;
}

int main(void) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, NULL);
  plain = 2;
  pthread_join(thread, NULL);
  printf("to standard output\n");
  fprintf(stderr, "to standard error\n");
  return 0;
}
