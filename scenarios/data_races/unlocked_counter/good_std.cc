// SPDX-License-Identifier: Apache-2.0
// Notes S3:35-49 with std::thread: for a lone counter, an atomic one is enough.
//~ none
#include <atomic>
#include <thread>
#include <vector>

#include "chicane/scenario.h"

CHICANE_SCENARIO(unlocked_counter, good) {
  std::atomic<int> counter = 0;
  auto incr = [&] { ++counter; };
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i) {
    workers.emplace_back(incr);
  }
  for (std::thread& worker : workers) worker.join();
}
