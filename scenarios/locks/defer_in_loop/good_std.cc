// SPDX-License-Identifier: Apache-2.0
// The same bank; each turn has its own guard.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(defer_in_loop, good) {
  int alice = 10000;
  int bob = 10000;
  std::mutex mutex;

  std::thread transfer([&] {
    for (int i = 0; i < 2; ++i) {
      std::unique_lock guard(mutex);
      alice -= 1;
      bob += 1;
    }
  });
  transfer.join();
}
