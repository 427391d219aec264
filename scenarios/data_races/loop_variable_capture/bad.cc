// SPDX-License-Identifier: Apache-2.0
// Notes S0:20-25: `go func() { sendRPC(i) }()` instead of passing i.
// Before Go 1.22 a loop has one variable i for all its turns; so has this one.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
// Stands in for the notes' println(i).
void send_rpc(int peer) { [[maybe_unused]] volatile int request = peer; }
}  // namespace

CHICANE_SCENARIO(loop_variable_capture, bad) {
  int i = 0;
  WaitGroup wg;
  for (; i < 3; i++) {  //~ data-race#i write [sched tsan]: the loop goes on while goroutines start
    wg.go([&] {
      send_rpc(i);  //~ data-race#i read [sched tsan]: not the i of this turn, the i of right now
    });
  }
  wg.wait();
}
