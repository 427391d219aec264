// SPDX-License-Identifier: Apache-2.0
// The same counter; the read lock is given back first, and the value is looked at again.
//~ none
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

struct Counter {
  RWMutex rwm;
  int value = 0;
};

void increment(Counter& counter, int limit) {
  counter.rwm.lock();
  if (counter.value < limit) ++counter.value;
  counter.rwm.unlock();
}

void add_below(Counter& counter, int limit) {
  counter.rwm.lock_shared();
  const bool below = counter.value < limit;
  counter.rwm.unlock_shared();
  if (below) increment(counter, limit);
}

}  // namespace

CHICANE_SCENARIO(rwlock_upgrade, good) {
  Counter counter;
  WaitGroup wg;
  wg.go([&] { add_below(counter, 1); });
  wg.go([&] { add_below(counter, 1); });
  wg.wait();
}
