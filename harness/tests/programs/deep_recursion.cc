// SPDX-License-Identifier: Apache-2.0
//
// A thread may use its whole stack: the default one, and one that it asked for.
// schedules: 20
// stdout: ok
#include <pthread.h>

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdio>

__attribute__((noinline)) static long descend(long bytes) {
  volatile char frame[1000];
  frame[bytes % 1000] = 1;
  return bytes < 1500 ? frame[bytes % 1000] : descend(bytes - 1100) + frame[bytes % 1000];
}

static void* use(void* bytes) {
  assert(descend(reinterpret_cast<long>(bytes)) > 0);
  return nullptr;
}

static void in_thread(long stack, long use_bytes) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  if (stack != 0) pthread_attr_setstacksize(&attributes, static_cast<unsigned long>(stack));
  pthread_t thread;
  if (pthread_create(&thread, &attributes, &use, reinterpret_cast<void*>(use_bytes)) != 0) {
    assert(false);
  }
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

// The default follows `ulimit -s`, which may be anything.
static long most_of_the_default() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  std::size_t size = 0;
  pthread_attr_getstacksize(&attributes, &size);
  pthread_attr_destroy(&attributes);
  return std::min(static_cast<long>(size) / 4 * 3, 6L << 20);
}

int main() {
  in_thread(0, most_of_the_default());
  in_thread(16L << 20, 14L << 20);
  in_thread(256L << 10, 200L << 10);
  std::puts("ok");
  return 0;
}
