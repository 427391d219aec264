// SPDX-License-Identifier: Apache-2.0
//
// Every round one thread is the serial one, and what was written before is seen after.
// stdout: 2
#include <pthread.h>

#include <cassert>
#include <cstdio>

constexpr int kThreads = 3;
static pthread_barrier_t barrier;
static int cells[2][kThreads], serial[kThreads];

static void* run(void* argument) {
  const int self = static_cast<int>(reinterpret_cast<long>(argument));
  serial[self] = 0;
  for (int round = 0; round < 2; ++round) {
    cells[round][self] = self + round;
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) ++serial[self];
    for (int i = 0; i < kThreads; ++i) assert(cells[round][i] == i + round);
  }
  return nullptr;
}

int main() {
  pthread_barrier_init(&barrier, nullptr, kThreads);
  pthread_t others[kThreads - 1];
  for (long i = 1; i < kThreads; ++i) {
    pthread_create(&others[i - 1], nullptr, &run, reinterpret_cast<void*>(i));
  }
  run(nullptr);
  for (pthread_t other : others) pthread_join(other, nullptr);
  pthread_barrier_destroy(&barrier);
  std::printf("%d\n", serial[0] + serial[1] + serial[2]);
  return 0;
}
