// SPDX-License-Identifier: Apache-2.0
// Two threads count on an atomic, without an assertion. bad: by a load and a store.
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

static atomic_int hits;
static int in_one_step;

static void* visit(void* unused) {
  if (in_one_step) {
    atomic_fetch_add(&hits, 1);
  } else {
    const int seen = atomic_load(&hits);  //~ load
    atomic_store(&hits, seen + 1);
  }
  return unused;
}

int main(int argc, char** argv) {
  in_one_step = argc > 1 && strcmp(argv[1], "good") == 0;
  pthread_t threads[2];
  for (int i = 0; i < 2; ++i) pthread_create(&threads[i], NULL, visit, NULL);
  for (int i = 0; i < 2; ++i) pthread_join(threads[i], NULL);
  return 0;
}
