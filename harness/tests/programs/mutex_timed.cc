// SPDX-License-Identifier: Apache-2.0
//
// Timed and clock variants give up at their time, and not before the lock is free if it comes free.
// stdout: ok
#include <pthread.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <ctime>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static timespec soon(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += 5'000'000;
  if (time.tv_nsec >= 1'000'000'000) {
    time.tv_nsec -= 1'000'000'000;
    ++time.tv_sec;
  }
  return time;
}

static void* try_for_a_while(void*) {
  timespec time = soon(CLOCK_REALTIME);
  assert(pthread_mutex_timedlock(&mutex, &time) == ETIMEDOUT);
  time = soon(CLOCK_MONOTONIC);
  assert(pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &time) == ETIMEDOUT);
  return nullptr;
}

int main() {
  pthread_mutex_lock(&mutex);
  pthread_t other;
  pthread_create(&other, nullptr, &try_for_a_while, nullptr);
  pthread_join(other, nullptr);
  pthread_mutex_unlock(&mutex);
  timespec time = soon(CLOCK_REALTIME);
  assert(pthread_mutex_timedlock(&mutex, &time) == 0);
  pthread_mutex_unlock(&mutex);
  std::puts("ok");
  return 0;
}
