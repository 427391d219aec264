// SPDX-License-Identifier: Apache-2.0
//
// C11's threads.h.
// stdout: 4 1 7
#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <threads.h>
#include <time.h>

static mtx_t mutex;
static cnd_t changed;
static once_flag once;
static tss_t key;
static int counter, calls, ready;
static atomic_int destroyed;

static void begin(void) { ++calls; }
static void destroy(void* value) { atomic_fetch_add((atomic_int*)value, 1); }

static int work(void* argument) {
  call_once(&once, begin);
  tss_set(key, &destroyed);
  for (int i = 0; i < 2; ++i) {
    mtx_lock(&mutex);
    ++counter;
    mtx_unlock(&mutex);
  }
  mtx_lock(&mutex);
  ++ready;
  cnd_broadcast(&changed);
  mtx_unlock(&mutex);
  if (argument != NULL) thrd_exit(7);
  return 7;
}

int main(void) {
  once = (once_flag)ONCE_FLAG_INIT;
  counter = calls = destroyed = ready = 0;
  mtx_init(&mutex, mtx_timed | mtx_recursive);
  cnd_init(&changed);
  tss_create(&key, destroy);
  thrd_t one, two;
  int first = 0, second = 0;
  thrd_create(&one, work, NULL);
  thrd_create(&two, work, &one);
  mtx_lock(&mutex);
  assert(mtx_trylock(&mutex) == thrd_success);
  mtx_unlock(&mutex);
  while (ready < 2) cnd_wait(&changed, &mutex);
  struct timespec past = {0, 0};
  int outcome;  // waits may return without a signal
  do outcome = cnd_timedwait(&changed, &mutex, &past);
  while (outcome == thrd_success);
  assert(outcome == thrd_timedout);
  mtx_unlock(&mutex);
  thrd_yield();
  struct timespec moment = {0, 1000};
  thrd_sleep(&moment, NULL);
  thrd_join(one, &first);
  thrd_join(two, &second);
  assert(first == second && destroyed == 2);
  tss_delete(key);
  cnd_destroy(&changed);
  mtx_destroy(&mutex);
  printf("%d %d %d\n", counter, calls, first);
  return 0;
}
