// SPDX-License-Identifier: Apache-2.0
// Notes S3:91-92: a read lock admits several readers; this "reader" counts its visits.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
struct Cache {
  RWMutex rw;
  int hits CHICANE_GUARDED_BY(rw) = 0;
};

void lookup(Cache& cache) {
  cache.rw.lock_shared();
  cache.hits++;  //~ data-race#hits [sched tsan thread-safety]: readers share the lock
  cache.rw.unlock_shared();
}
}  // namespace

CHICANE_SCENARIO(write_under_read_lock, bad) {
  Cache cache;
  WaitGroup wg;
  for (int i = 0; i < 2; i++) {
    wg.go([&] { lookup(cache); });
  }
  wg.wait();
}
