// SPDX-License-Identifier: Apache-2.0
// Notes S1:147,153-157: the unlock was moved up, out of the slow part, and is still at the end.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

struct State {
  Mutex mutex;
  int value = 0;
};

void println(const char*) {}

void write(State& state, int value) {
  state.mutex.lock();
  state.value = value;
  state.mutex.unlock();  //~ double-unlock#write unlocked [sched thread-safety]: no longer held
  println("written");
  state.mutex.unlock();  //~ double-unlock#write unlock [sched thread-safety]: fatal in Go
}

}  // namespace

CHICANE_SCENARIO(double_unlock, bad) {
  State state;
  WaitGroup wg;
  wg.go([&] { write(state, 1); });
  wg.wait();
}
