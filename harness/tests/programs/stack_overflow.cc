// SPDX-License-Identifier: Apache-2.0
//
// A stack that was asked for is no larger than that.
// expect: crash
// says: stack overflow
// native: no, because it crashes
#include <pthread.h>

__attribute__((noinline)) static long descend(long bytes) {
  volatile char frame[1000];
  frame[bytes % 1000] = 1;
  return bytes < 1500 ? 1 : descend(bytes - 1100) + frame[bytes % 1000];
}

static void* use(void*) { return reinterpret_cast<void*>(descend(1L << 20)); }

int main() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 128 << 10);
  pthread_t thread;
  pthread_create(&thread, &attributes, &use, nullptr);
  pthread_join(thread, nullptr);
  return 0;
}
