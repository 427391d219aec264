// SPDX-License-Identifier: Apache-2.0
//
// A semaphore that lets two in is no lock.
// expect: data-race @increments @increments
// native: no, because it is wrong
#include <pthread.h>
#include <semaphore.h>

static sem_t places;
static int counter;

static void* count(void*) {
  sem_wait(&places);
  ++counter;  //~ increments
  sem_post(&places);
  return nullptr;
}

int main() {
  sem_init(&places, 0, 2);
  pthread_t other;
  pthread_create(&other, nullptr, &count, nullptr);
  count(nullptr);
  pthread_join(other, nullptr);
  return 0;
}
