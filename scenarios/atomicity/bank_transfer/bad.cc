// SPDX-License-Identifier: Apache-2.0
// Notes S0:73-110: the bank, unlocking and locking again between the two halves (line 87).
#include <cassert>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(bank_transfer, bad) {
  int alice = 10000;
  int bob = 10000;
  Mutex mu;
  const int total = alice + bob;
  WaitGroup wg;
  wg.go([&] {
    for (int i = 0; i < 2; i++) {
      mu.lock();
      alice -= 1;
      mu.unlock();
      mu.lock();
      bob += 1;
      mu.unlock();
    }
  });
  wg.go([&] {
    for (int i = 0; i < 2; i++) {
      mu.lock();
      alice += 1;
      mu.unlock();
      mu.lock();
      bob -= 1;
      mu.unlock();
    }
  });
  for (int i = 0; i < 2; i++) {
    mu.lock();
    const int observed = alice + bob;
    mu.unlock();
    assert(observed == total);  //~ assertion-failed#total [sched]: a coin is in nobody's account
  }
  wg.wait();
}
