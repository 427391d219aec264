// SPDX-License-Identifier: Apache-2.0
// Notes S3:91-92: whoever writes takes the write lock.
//~ none
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
struct Cache {
  RWMutex rw;
  int hits CHICANE_GUARDED_BY(rw) = 0;
};

void lookup(Cache& cache) {
  cache.rw.lock();
  cache.hits++;
  cache.rw.unlock();
}
}  // namespace

CHICANE_SCENARIO(write_under_read_lock, good) {
  Cache cache;
  WaitGroup wg;
  for (int i = 0; i < 2; i++) {
    wg.go([&] { lookup(cache); });
  }
  wg.wait();
}
