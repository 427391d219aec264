// SPDX-License-Identifier: Apache-2.0
// Notes S0:41-67 with std::thread: the flag is atomic.
//~ none
#include <atomic>
#include <chrono>
#include <thread>

#include "chicane/scenario.h"

using namespace std::chrono_literals;

CHICANE_SCENARIO(stop_flag, good) {
  std::atomic<bool> stop = false;
  std::thread periodic([&] {
    while (!stop) {
      std::this_thread::sleep_for(1s);
    }
  });
  std::this_thread::sleep_for(5s);
  stop = true;
  periodic.join();
}
