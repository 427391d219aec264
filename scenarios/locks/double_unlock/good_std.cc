// SPDX-License-Identifier: Apache-2.0
// The same `write`; only the guard unlocks.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {

struct State {
  std::mutex mutex;
  int value = 0;
};

void write(State& state, int value) {
  std::lock_guard guard(state.mutex);
  if (value < 0) {
    return;
  }
  state.value = value;
}

}  // namespace

CHICANE_SCENARIO(double_unlock, good) {
  State state;
  std::thread writer([&] { write(state, -1); });
  writer.join();
}
