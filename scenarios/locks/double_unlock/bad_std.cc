// SPDX-License-Identifier: Apache-2.0
// Notes S1:147,153-157 with std::lock_guard: one way out unlocks by hand, and the guard does too.
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
    state.mutex.unlock();  //~ double-unlock#write unlocked [sched]: the guard does not know of it
    return;
  }
  state.value = value;
}  //~ double-unlock#write unlock [sched tsan]: the guard unlocks on every way out

}  // namespace

CHICANE_SCENARIO(double_unlock, bad) {
  State state;
  std::thread writer([&] { write(state, -1); });
  writer.join();
}
