// SPDX-License-Identifier: Apache-2.0
// Notes S3:35-49 with std::thread: three threads increment one int.
#include <thread>
#include <vector>

#include "chicane/scenario.h"

CHICANE_SCENARIO(unlocked_counter, bad) {
  int counter = 0;
  auto incr = [&] {
    ++counter;  //~ data-race#counter [sched tsan]: one statement, but a read and a write
  };
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back(incr);
  }
  for (std::thread& worker : workers) worker.join();
}
