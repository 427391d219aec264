// SPDX-License-Identifier: Apache-2.0
//
// C11: a timed mutex, a signal, a detached thread.
// stdout: ok
#include <assert.h>
#include <stdio.h>
#include <threads.h>
#include <time.h>

static mtx_t timed, mutex;
static cnd_t changed;
static int ended;

static int is_late(void* unused) {
  struct timespec time;
  timespec_get(&time, TIME_UTC);
  ++time.tv_sec;
  assert(mtx_timedlock(&timed, &time) == thrd_timedout);
  mtx_lock(&mutex);
  ended = 1;
  cnd_signal(&changed);
  mtx_unlock(&mutex);
  return unused != NULL;
}

int main(void) {
  thrd_t other;
  ended = 0;
  mtx_init(&timed, mtx_timed);
  mtx_init(&mutex, mtx_plain);
  cnd_init(&changed);
  mtx_lock(&timed);
  assert(thrd_create(&other, is_late, NULL) == thrd_success);
  assert(thrd_detach(other) == thrd_success);
  mtx_lock(&mutex);
  while (!ended) cnd_wait(&changed, &mutex);
  mtx_unlock(&mutex);
  mtx_unlock(&timed);
  puts("ok");
  return 0;
}
