// SPDX-License-Identifier: Apache-2.0
// Notes S4:41 with std::unordered_map: two threads insert different keys.
// There is room for both, so the race loses an element; a rehash would wreck the heap.
#include <thread>
#include <unordered_map>

#include "chicane/scenario.h"

CHICANE_SCENARIO(unlocked_map, bad) {
  std::unordered_map<int, int> votes;
  votes.reserve(8);
  auto vote = [&](int peer) {
    votes[peer] = 1;  //~ data-race#votes [sched tsan]: different keys, one hash table
  };
  std::thread first(vote, 1);
  std::thread second(vote, 2);
  first.join();
  second.join();
}
