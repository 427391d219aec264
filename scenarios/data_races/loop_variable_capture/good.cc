// SPDX-License-Identifier: Apache-2.0
// Notes S0:12-15: each goroutine gets its own copy of i.
//~ none
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
// Stands in for the notes' println(i).
void send_rpc(int peer) { [[maybe_unused]] volatile int request = peer; }
}  // namespace

CHICANE_SCENARIO(loop_variable_capture, good) {
  int i = 0;
  WaitGroup wg;
  for (; i < 3; i++) {
    wg.go([i] { send_rpc(i); });
  }
  wg.wait();
}
