// SPDX-License-Identifier: Apache-2.0
// Notes S3:86: one goroutine has lockA and asks for lockB, another has lockB and asks for lockA.
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(lock_order_ab_ba, bad) {
  Mutex lock_a;
  Mutex lock_b;
  WaitGroup wg;

  wg.go([&] {
    std::lock_guard a(lock_a);  //~ deadlock#ab holds [sched lockorder]: A first here
    std::lock_guard b(lock_b);  //~ deadlock#ab waits [sched lockorder]: the other one has B
  });
  wg.go([&] {
    std::lock_guard b(lock_b);  //~ deadlock#ab holds [sched lockorder]: B first here
    std::lock_guard a(lock_a);  //~ deadlock#ab waits [sched lockorder]: the other one has A
  });

  wg.wait();  //~ deadlock#ab waits [sched lockorder]: for two goroutines that wait for each other
}
