// SPDX-License-Identifier: Apache-2.0
// Notes S2:24-37: a lock that goes to whoever comes by first (barging, as in Go 1.8).
#include <atomic>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(greedy_holder, bad) {
  Mutex mu(MutexMode::kBarging);
  std::atomic<int> work{0};
  WaitGroup wg;
  wg.go([&] {
    for (int i = 0; i < 20; i++) {
      mu.lock();  //~ starvation#late holds [sched]: back before the one that was woken has come
      ++work;
      mu.unlock();
    }
  });
  mu.lock();  //~ starvation#late waits [sched]: woken at each unlock, and each time too late
  mu.unlock();
  wg.wait();
}
