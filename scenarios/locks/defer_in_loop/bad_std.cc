// SPDX-License-Identifier: Apache-2.0
// Notes S0:82-99 in C++: the guards are kept until the function ends.
#include <mutex>
#include <thread>
#include <vector>

#include "chicane/scenario.h"

CHICANE_SCENARIO(defer_in_loop, bad) {
  int alice = 10000;
  int bob = 10000;
  std::mutex mutex;

  std::thread transfer([&] {
    std::vector<std::unique_lock<std::mutex>> guards;
    for (int i = 0; i < 2; ++i) {
      guards.emplace_back(mutex);  //~ self-deadlock#mutex [sched lockorder]: in turn 2
      alice -= 1;
      bob += 1;
    }
  });
  transfer.join();
}
