// SPDX-License-Identifier: Apache-2.0
//
// Cancelled in a condition wait, a thread has the mutex again when its cleanup handlers run; in
// sem_wait, join, read and testcancel too it ends.
// stdout: cleaned up
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <initializer_list>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
static sem_t none;
static int ends[2];
static int cleaned;

static void clean_up(void*) {
  ++cleaned;
  assert(pthread_mutex_unlock(&mutex) == 0);
}

static void* in_condition(void*) {
  pthread_mutex_lock(&mutex);
  pthread_cleanup_push(&clean_up, nullptr);
  for (;;) pthread_cond_wait(&never, &mutex);
  pthread_cleanup_pop(0);
  return nullptr;
}
static void* in_semaphore(void*) {
  sem_wait(&none);
  return nullptr;
}
static void* in_read(void*) {
  char byte;
  return reinterpret_cast<void*>(read(ends[0], &byte, 1));
}
static void* in_loop(void*) {
  for (;;) pthread_testcancel();
}

int main() {
  cleaned = 0;
  sem_init(&none, 0, 0);
  if (pipe(ends) != 0) return 1;
  for (auto body : {&in_condition, &in_semaphore, &in_read, &in_loop}) {
    pthread_t thread;
    pthread_create(&thread, nullptr, body, nullptr);
    pthread_cancel(thread);
    void* result = nullptr;
    pthread_join(thread, &result);
    assert(result == PTHREAD_CANCELED);
  }
  close(ends[0]);
  close(ends[1]);
  assert(cleaned <= 1);  // it may have been cancelled before it had the mutex, but not between
  assert(pthread_mutex_trylock(&mutex) == 0);
  pthread_mutex_unlock(&mutex);
  std::puts("cleaned up");
  return 0;
}
