// SPDX-License-Identifier: Apache-2.0
//
// With the default preference a reader comes in beside another although a writer waits; where
// writers are preferred, it may not. Timed and clock variants give up.
// stdout: ok
#include <pthread.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <ctime>

static pthread_rwlock_t lock;
static int value;

static void* write_once(void*) {
  pthread_rwlock_wrlock(&lock);
  ++value;
  pthread_rwlock_unlock(&lock);
  return nullptr;
}

static void* read_once(void*) {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  ++time.tv_sec;
  if (pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &time) == 0) {
    assert(value == 0 || value == 1);
    pthread_rwlock_unlock(&lock);
  }
  return nullptr;
}

static void check(int preference) {
  pthread_rwlockattr_t attributes;
  pthread_rwlockattr_init(&attributes);
  pthread_rwlockattr_setkind_np(&attributes, preference);
  pthread_rwlock_init(&lock, &attributes);
  value = 0;
  pthread_rwlock_rdlock(&lock);
  pthread_t writer, reader;
  pthread_create(&writer, nullptr, &write_once, nullptr);
  pthread_create(&reader, nullptr, &read_once, nullptr);
  timespec past{};
  assert(pthread_rwlock_timedwrlock(&lock, &past) == ETIMEDOUT);
  assert(value == 0);
  pthread_rwlock_unlock(&lock);
  pthread_join(writer, nullptr);
  pthread_join(reader, nullptr);
  assert(value == 1);
  pthread_rwlock_destroy(&lock);
}

int main() {
  check(PTHREAD_RWLOCK_PREFER_READER_NP);
  check(PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
  std::puts("ok");
  return 0;
}
