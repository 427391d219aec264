// SPDX-License-Identifier: Apache-2.0
//
// A cancelled thread ends at its next cancellation point: destructors run, joining says so.
// stdout: destroyed
#include <pthread.h>
#include <unistd.h>

#include <cassert>
#include <cstdio>

static int destroyed, went_on;

namespace {

struct Object {
  ~Object() { ++destroyed; }
};

}  // namespace

static void* wait_for_ever(void*) {
  const Object object;
  int before = -1;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  assert(before == PTHREAD_CANCEL_ENABLE);
  usleep(100);  // not cancelled here
  went_on = 1;
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
  for (;;) sleep(1000);
}

int main() {
  destroyed = went_on = 0;
  pthread_t thread;
  pthread_create(&thread, nullptr, &wait_for_ever, nullptr);
  pthread_cancel(thread);
  void* result = nullptr;
  pthread_join(thread, &result);
  assert(result == PTHREAD_CANCELED && went_on == 1 && destroyed == 1);
  std::puts("destroyed");
  return 0;
}
