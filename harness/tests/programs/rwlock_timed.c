// SPDX-License-Identifier: Apache-2.0
//
// The timed and clock variants of read-write locks, in virtual time.
// stdout: ok
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

static pthread_rwlock_t lock;
static int value;

static struct timespec soon(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += 1000000;
  if (time.tv_nsec >= 1000000000) {
    time.tv_nsec -= 1000000000;
    ++time.tv_sec;
  }
  return time;
}

static void* while_written(void* unused) {
  const struct timespec real = soon(CLOCK_REALTIME), steady = soon(CLOCK_MONOTONIC);
  assert(pthread_rwlock_timedrdlock(&lock, &real) == ETIMEDOUT);
  assert(pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &steady) == ETIMEDOUT);
  assert(pthread_rwlock_timedwrlock(&lock, &real) == ETIMEDOUT);
  assert(pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &steady) == ETIMEDOUT);
  return unused;
}

static void* later(void* unused) {
  struct timespec time = soon(CLOCK_MONOTONIC);
  // Main may take its time.
  while (pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &time) == ETIMEDOUT) ++time.tv_sec;
  ++value;
  pthread_rwlock_unlock(&lock);
  return unused;
}

int main(void) {
  pthread_t other;
  value = 0;
  pthread_rwlock_init(&lock, NULL);
  pthread_rwlock_wrlock(&lock);
  pthread_create(&other, NULL, while_written, NULL);
  pthread_join(other, NULL);
  pthread_create(&other, NULL, later, NULL);
  ++value;
  pthread_rwlock_unlock(&lock);
  pthread_join(other, NULL);
  const struct timespec real = soon(CLOCK_REALTIME);
  assert(pthread_rwlock_timedrdlock(&lock, &real) == 0);
  assert(value == 2);
  pthread_rwlock_unlock(&lock);
  pthread_rwlock_destroy(&lock);
  puts("ok");
  return 0;
}
