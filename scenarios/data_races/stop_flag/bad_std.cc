// SPDX-License-Identifier: Apache-2.0
// Notes S0:41-67 with std::thread: a plain bool as stop flag.
#include <chrono>
#include <thread>

#include "chicane/scenario.h"

using namespace std::chrono_literals;

CHICANE_SCENARIO(stop_flag, bad) {
  bool stop = false;
  std::thread periodic([&] {
    while (!stop) {  //~ data-race#stop read [sched tsan]: may be read once and never again
      std::this_thread::sleep_for(1s);
    }
  });
  std::this_thread::sleep_for(5s);
  stop = true;  //~ data-race#stop write [sched tsan]: join() comes too late to order it
  periodic.join();
}
