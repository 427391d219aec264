// SPDX-License-Identifier: Apache-2.0
// The same bank; the guard ends with the body of the loop, not with the function.
//~ none
#include <cassert>
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(defer_in_loop, good) {
  int alice = 10000;
  int bob = 10000;
  const int total = alice + bob;
  Mutex mu;
  WaitGroup wg;

  wg.go([&] {
    for (int i = 0; i < 2; ++i) {
      std::lock_guard guard(mu);
      alice -= 1;
      bob += 1;
    }
  });
  wg.go([&] {
    for (int i = 0; i < 2; ++i) {
      std::lock_guard guard(mu);
      alice += 1;
      bob -= 1;
    }
  });

  mu.lock();
  assert(alice + bob == total);
  mu.unlock();
  wg.wait();
}
