// SPDX-License-Identifier: Apache-2.0
// Notes S0:82-99: the bank's `defer mu.Unlock()` stands inside the loop.
#include <cassert>
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(defer_in_loop, bad) {
  int alice = 10000;
  int bob = 10000;
  const int total = alice + bob;
  Mutex mu;
  WaitGroup wg;

  wg.go([&] {
    Defer defer;
    for (int i = 0; i < 2; ++i) {
      mu.lock();  //~ self-deadlock#mu [sched lockorder]; lock-leak#mu [thread-safety]: in turn 2
      defer([&] { mu.unlock(); });  //~ unlock-of-unlocked#mu [thread-safety]: runs too late
      alice -= 1;
      bob += 1;
    }
  });
  wg.go([&] {
    Defer defer;
    for (int i = 0; i < 2; ++i) {
      mu.lock();  //~ self-deadlock#mu [sched lockorder]; lock-leak#mu [thread-safety]: in turn 2
      defer([&] { mu.unlock(); });  //~ unlock-of-unlocked#mu [thread-safety]: runs too late
      alice += 1;
      bob -= 1;
    }
  });

  mu.lock();
  assert(alice + bob == total);
  mu.unlock();
  wg.wait();
}
