// SPDX-License-Identifier: Apache-2.0
// Three threads take turns; more than three hundred changes are too many. Each needs a switch of
// its own, so that the shortest schedule is long.
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_int last, changes;

static void* go(void* who) {
  const int me = (int)(size_t)who;
  for (int i = 0; i < 240; ++i) {
    if (atomic_exchange(&last, me) != me) atomic_fetch_add(&changes, 1);
  }
  return NULL;
}

int main(void) {
  pthread_t threads[3];
  for (size_t i = 0; i < 3; ++i) pthread_create(&threads[i], NULL, go, (void*)(i + 1));
  for (size_t i = 0; i < 3; ++i) pthread_join(threads[i], NULL);
  assert(changes <= 300);
  return 0;
}
