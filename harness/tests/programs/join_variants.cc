// SPDX-License-Identifier: Apache-2.0
//
// stdout: 7 7 7
#include <pthread.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <ctime>

static void* answer(void*) { pthread_exit(reinterpret_cast<void*>(7)); }

static pthread_t begin() {
  pthread_t thread;
  pthread_create(&thread, nullptr, &answer, nullptr);
  return thread;
}

int main() {
  void *first = nullptr, *second = nullptr, *third = nullptr;
  pthread_t thread = begin();
  while (pthread_tryjoin_np(thread, &first) == EBUSY) {
  }
  thread = begin();
  timespec time{};
  while (pthread_timedjoin_np(thread, &second, &time) == ETIMEDOUT) {
    clock_gettime(CLOCK_REALTIME, &time);
    ++time.tv_sec;
  }
  thread = begin();
  time = {};
  while (pthread_clockjoin_np(thread, &third, CLOCK_MONOTONIC, &time) == ETIMEDOUT) {
    clock_gettime(CLOCK_MONOTONIC, &time);
    ++time.tv_sec;
  }
  assert(pthread_join(pthread_self(), nullptr) == EDEADLK);
  std::printf("%ld %ld %ld\n", reinterpret_cast<long>(first), reinterpret_cast<long>(second),
              reinterpret_cast<long>(third));
  return 0;
}
