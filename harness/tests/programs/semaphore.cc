// SPDX-License-Identifier: Apache-2.0
//
// A bounded buffer with two semaphores.
// stdout: 6
#include <pthread.h>
#include <semaphore.h>

#include <cassert>
#include <cerrno>
#include <cstdio>
#include <ctime>

static sem_t places, items;
static int buffer[2];

static void* produce(void*) {
  for (int i = 0; i < 3; ++i) {
    sem_wait(&places);
    buffer[i % 2] = i + 1;
    sem_post(&items);
  }
  return nullptr;
}

int main() {
  sem_init(&places, 0, 2);
  sem_init(&items, 0, 0);
  assert(sem_trywait(&items) == -1 && errno == EAGAIN);
  timespec past{};
  assert(sem_timedwait(&items, &past) == -1 && errno == ETIMEDOUT);
  assert(sem_clockwait(&items, CLOCK_MONOTONIC, &past) == -1 && errno == ETIMEDOUT);
  pthread_t producer;
  pthread_create(&producer, nullptr, &produce, nullptr);
  int sum = 0;
  for (int i = 0; i < 3; ++i) {
    sem_wait(&items);
    sum += buffer[i % 2];
    sem_post(&places);
  }
  pthread_join(producer, nullptr);
  int value = 0;
  sem_getvalue(&places, &value);
  assert(value == 2);
  sem_destroy(&places);
  sem_destroy(&items);
  std::printf("%d\n", sum);
  return 0;
}
