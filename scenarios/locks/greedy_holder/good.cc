// SPDX-License-Identifier: Apache-2.0
// Notes S2:24-37: a lock that is handed to the first that waits (as in Go 1.9).
//~ none
#include <atomic>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(greedy_holder, good) {
  Mutex mu(MutexMode::kHandOff);
  std::atomic<int> work{0};
  WaitGroup wg;
  wg.go([&] {
    for (int i = 0; i < 20; i++) {
      mu.lock();
      ++work;
      mu.unlock();
    }
  });
  mu.lock();
  mu.unlock();
  wg.wait();
}
