// SPDX-License-Identifier: Apache-2.0
// State that outlives main: in globals, on the heap behind a global, in an argument. globals: in
// those only.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int runs;
static char* block;
__attribute__((constructor)) static void allocate(void) { block = calloc(1, 16); }

// Something to interleave: a program with one schedule runs once.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static void* work(void* unused) {
  pthread_mutex_lock(&mutex);
  pthread_mutex_unlock(&mutex);
  return unused;
}

int main(int argc, char** argv) {
  pthread_t thread;
  pthread_create(&thread, NULL, work, NULL);
  work(NULL);
  pthread_join(thread, NULL);
  if (runs++ != 0) return 3;
  if (argc > 1 && argv[1][0] == 'g') return 0;
  if (block[0]++ != 0) return 4;
  free(block);
  block = NULL;
  if (argc > 1 && argv[1][0]++ != 'x') return 5;
  return 0;
}
