// SPDX-License-Identifier: Apache-2.0
// Notes S1:135-139 speak of an "upgrade": a write lock, asked for under the read lock.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

struct Counter {
  RWMutex rwm;
  int value = 0;
};

void increment(Counter& counter) {
  counter.rwm.lock();  //~ rwlock-upgrade#rwm waits [sched lockorder]: for its own read lock
  ++counter.value;
  counter.rwm.unlock();
}

void add_below(Counter& counter, int limit) {
  counter.rwm.lock_shared();  //~ rwlock-upgrade#rwm holds [sched lockorder]: keeps writers out
  if (counter.value < limit) increment(counter);
  counter.rwm.unlock_shared();
}

}  // namespace

CHICANE_SCENARIO(rwlock_upgrade, bad) {
  Counter counter;
  WaitGroup wg;
  wg.go([&] { add_below(counter, 1); });
  wg.go([&] { add_below(counter, 1); });
  wg.wait();
}
