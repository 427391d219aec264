// SPDX-License-Identifier: Apache-2.0
//
// Each type of mutex does what POSIX says of it.
// stdout: ok
#include <pthread.h>

#include <cassert>
#include <cerrno>
#include <cstdio>

static pthread_mutex_t mutex;
static int counter;

static void* count(void*) {
  pthread_mutex_lock(&mutex);
  ++counter;
  pthread_mutex_unlock(&mutex);
  return nullptr;
}

static void check(int type) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, type);
  pthread_mutex_init(&mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
  counter = 0;
  pthread_mutex_lock(&mutex);
  pthread_t other;
  pthread_create(&other, nullptr, &count, nullptr);
  if (type == PTHREAD_MUTEX_RECURSIVE) {
    assert(pthread_mutex_lock(&mutex) == 0);
    pthread_mutex_unlock(&mutex);
  } else if (type == PTHREAD_MUTEX_ERRORCHECK) {
    assert(pthread_mutex_lock(&mutex) == EDEADLK);
  } else {
    assert(pthread_mutex_trylock(&mutex) == EBUSY);
  }
  ++counter;
  pthread_mutex_unlock(&mutex);
  pthread_join(other, nullptr);
  assert(counter == 2);
  pthread_mutex_destroy(&mutex);
}

int main() {
  check(PTHREAD_MUTEX_NORMAL);
  check(PTHREAD_MUTEX_RECURSIVE);
  check(PTHREAD_MUTEX_ERRORCHECK);
  check(PTHREAD_MUTEX_ADAPTIVE_NP);
  std::puts("ok");
  return 0;
}
