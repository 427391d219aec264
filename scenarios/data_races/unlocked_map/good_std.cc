// SPDX-License-Identifier: Apache-2.0
// Notes S4:41 with std::unordered_map: one mutex for the whole map.
//~ none
#include <mutex>
#include <thread>
#include <unordered_map>

#include "chicane/scenario.h"

CHICANE_SCENARIO(unlocked_map, good) {
  std::unordered_map<int, int> votes;
  votes.reserve(8);
  std::mutex mutex;
  auto vote = [&](int peer) {
    std::lock_guard lock(mutex);
    votes[peer] = 1;
  };
  std::thread first(vote, 1);
  std::thread second(vote, 2);
  first.join();
  second.join();
}
