// SPDX-License-Identifier: Apache-2.0
// Three threads, three increments each, state in globals. bad: without the lock.
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int counter;
static int locked;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void* work(void* unused) {
  for (int i = 0; i < 3; ++i) {
    if (locked) pthread_mutex_lock(&mutex);
    ++counter;  //~ increment
    if (locked) pthread_mutex_unlock(&mutex);
  }
  return unused;
}

int main(int argc, char** argv) {
  locked = argc > 1 && strcmp(argv[1], "good") == 0;
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, work, NULL);
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  printf("counter is %d\n", counter);
  return counter == 9 ? 0 : 3;
}
