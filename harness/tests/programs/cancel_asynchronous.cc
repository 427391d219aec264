// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@cancels
// says: pthread_cancel: the thread has asked for asynchronous cancellation
// native: no, because it may be cancelled before it says how
#include <pthread.h>
#include <unistd.h>

static void* compute(void*) {
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
  for (;;) sleep(1000);
}

int main() {
  pthread_t thread;
  pthread_create(&thread, nullptr, &compute, nullptr);
  pthread_cancel(thread);  //~ cancels
  pthread_join(thread, nullptr);
  return 0;
}
