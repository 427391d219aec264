// SPDX-License-Identifier: Apache-2.0
// The same `write`; one unlock for one lock.
//~ none
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
  state.mutex.unlock();
  println("written");
}

}  // namespace

CHICANE_SCENARIO(double_unlock, good) {
  State state;
  WaitGroup wg;
  wg.go([&] { write(state, 1); });
  wg.wait();
}
