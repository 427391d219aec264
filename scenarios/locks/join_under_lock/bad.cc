// SPDX-License-Identifier: Apache-2.0
// A step from notes S0:10-15: waits for the goroutines while holding the lock that they need.
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(join_under_lock, bad) {
  Mutex mutex;
  int votes = 0;
  WaitGroup wg;

  std::lock_guard guard(mutex);  //~ deadlock#votes holds [sched lockorder]: until the end
  for (int i = 0; i < 2; i++) {
    wg.go([&] {
      std::lock_guard vote(mutex);  //~ deadlock#votes waits [sched lockorder]: main has it
      ++votes;
    });
  }
  wg.wait();  //~ deadlock#votes waits [sched lockorder]: for goroutines that wait for our lock
}
