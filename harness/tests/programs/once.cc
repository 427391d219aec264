// SPDX-License-Identifier: Apache-2.0
//
// stdout: 1
#include <pthread.h>

#include <cassert>
#include <cstdio>

static pthread_once_t once;
static int calls;

static void begin() { ++calls; }

static void* use(void*) {
  pthread_once(&once, &begin);
  assert(calls == 1);
  return nullptr;
}

int main() {
  once = PTHREAD_ONCE_INIT;
  calls = 0;
  pthread_t other;
  pthread_create(&other, nullptr, &use, nullptr);
  use(nullptr);
  pthread_join(other, nullptr);
  std::printf("%d\n", calls);
  return 0;
}
