// SPDX-License-Identifier: Apache-2.0
// Notes S0:20-25 with std::thread: [&] hands every thread the same peer.
// The variable outlives the threads; declared in the for statement it would dangle as well.
#include <thread>
#include <vector>

#include "chicane/scenario.h"

namespace {
// Stands in for the notes' println(i).
void send_rpc(int peer) { [[maybe_unused]] volatile int request = peer; }
}  // namespace

CHICANE_SCENARIO(loop_variable_capture, bad) {
  int peer = 0;
  std::vector<std::thread> votes;
  for (; peer < 3; ++peer) {  //~ data-race#peer write [sched tsan]: the loop goes on
    votes.emplace_back([&] {
      send_rpc(peer);  //~ data-race#peer read [sched tsan]: the variable, not its value
    });
  }
  for (std::thread& vote : votes) vote.join();
}
