// SPDX-License-Identifier: Apache-2.0
//
// A condition waits by the clock of its attribute, or by the one named in the call.
// stdout: ok
#include <pthread.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <ctime>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static timespec later(clockid_t clock, int milliseconds) {
  timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += milliseconds * 1'000'000L;
  time.tv_sec += time.tv_nsec / 1'000'000'000;
  time.tv_nsec %= 1'000'000'000;
  return time;
}

static bool is_past(clockid_t clock, const timespec& time) {
  timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec > time.tv_sec || (now.tv_sec == time.tv_sec && now.tv_nsec >= time.tv_nsec);
}

int main() {
  pthread_cond_t by_default = PTHREAD_COND_INITIALIZER, monotonic;
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&monotonic, &attributes);
  pthread_mutex_lock(&mutex);
  timespec time = later(CLOCK_REALTIME, 3);
  assert(pthread_cond_timedwait(&by_default, &mutex, &time) == ETIMEDOUT);
  assert(is_past(CLOCK_REALTIME, time));
  time = later(CLOCK_MONOTONIC, 3);
  assert(pthread_cond_timedwait(&monotonic, &mutex, &time) == ETIMEDOUT);
  assert(is_past(CLOCK_MONOTONIC, time));
  time = later(CLOCK_MONOTONIC, 3);
  assert(pthread_cond_clockwait(&by_default, &mutex, CLOCK_MONOTONIC, &time) == ETIMEDOUT);
  assert(is_past(CLOCK_MONOTONIC, time));
  pthread_mutex_unlock(&mutex);
  pthread_cond_destroy(&monotonic);
  std::puts("ok");
  return 0;
}
