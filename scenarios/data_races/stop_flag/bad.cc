// SPDX-License-Identifier: Apache-2.0
// Notes S0:41-67: main tells periodic() to stop, here without the lock of lines 50 and 61.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(stop_flag, bad) {
  bool done = false;
  auto periodic = [&] {
    for (;;) {
      sleep(1s);
      if (done) {  //~ data-race#done read [sched tsan]: "only a read" races with the write below
        return;
      }
    }
  };
  WaitGroup wg;
  wg.go(periodic);
  sleep(5s);
  done = true;  //~ data-race#done write [sched tsan]: nothing says when periodic() sees it, if ever
  wg.wait();
}
