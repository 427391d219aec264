// SPDX-License-Identifier: Apache-2.0
// Notes S0:41-67, with the unlock that line 63 forgets.
//~ none
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(stop_flag, good) {
  bool done = false;
  Mutex mu;
  auto periodic = [&] {
    for (;;) {
      sleep(1s);
      std::lock_guard guard(mu);
      if (done) {
        return;
      }
    }
  };
  WaitGroup wg;
  wg.go(periodic);
  sleep(5s);
  mu.lock();
  done = true;
  mu.unlock();
  wg.wait();
}
