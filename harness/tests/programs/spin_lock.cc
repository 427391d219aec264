// SPDX-License-Identifier: Apache-2.0
//
// stdout: 4
#include <pthread.h>

#include <cassert>
#include <cerrno>
#include <cstdio>

static pthread_spinlock_t lock;
static int counter;

static void* count(void*) {
  for (int i = 0; i < 2; ++i) {
    if (i != 0 || pthread_spin_trylock(&lock) == EBUSY) pthread_spin_lock(&lock);
    ++counter;
    pthread_spin_unlock(&lock);
  }
  return nullptr;
}

int main() {
  pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
  counter = 0;
  pthread_t other;
  pthread_create(&other, nullptr, &count, nullptr);
  count(nullptr);
  pthread_join(other, nullptr);
  pthread_spin_destroy(&lock);
  std::printf("%d\n", counter);
  return 0;
}
