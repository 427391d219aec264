// SPDX-License-Identifier: Apache-2.0
// Notes S0:12-15 with std::thread: captured by value.
//~ none
#include <thread>
#include <vector>

#include "chicane/scenario.h"

namespace {
// Stands in for the notes' println(i).
void send_rpc(int peer) { [[maybe_unused]] volatile int request = peer; }
}  // namespace

CHICANE_SCENARIO(loop_variable_capture, good) {
  int peer = 0;
  std::vector<std::thread> votes;
  for (; peer < 3; ++peer) {
    votes.emplace_back([peer] { send_rpc(peer); });
  }
  for (std::thread& vote : votes) vote.join();
}
