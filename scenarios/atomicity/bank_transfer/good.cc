// SPDX-License-Identifier: Apache-2.0
// Notes S0:73-110: the bank; one critical section keeps the sum what it was.
//~ none
#include <cassert>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(bank_transfer, good) {
  int alice = 10000;
  int bob = 10000;
  Mutex mu;
  const int total = alice + bob;
  WaitGroup wg;
  wg.go([&] {
    for (int i = 0; i < 2; i++) {
      mu.lock();
      alice -= 1;
      bob += 1;
      mu.unlock();
    }
  });
  wg.go([&] {
    for (int i = 0; i < 2; i++) {
      mu.lock();
      alice += 1;
      bob -= 1;
      mu.unlock();
    }
  });
  for (int i = 0; i < 2; i++) {
    mu.lock();
    const int observed = alice + bob;
    mu.unlock();
    assert(observed == total);
  }
  wg.wait();
}
