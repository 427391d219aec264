// SPDX-License-Identifier: Apache-2.0
// Notes S3:13-22 with std::thread: the join is there, but the result is used before it.
#include <chrono>
#include <thread>

#include "chicane/scenario.h"

namespace {
// Stands in for printing.
void println(bool processed) { [[maybe_unused]] volatile bool shown = processed; }
}  // namespace

using namespace std::chrono_literals;

CHICANE_SCENARIO(sleep_as_sync, bad) {
  bool processed = false;
  std::thread worker([&] {
    processed = true;  //~ data-race#processed write [sched tsan]: done by then, on most days
  });
  std::this_thread::sleep_for(10ms);
  println(processed);  //~ data-race#processed read [sched tsan]: sleeping orders nothing
  worker.join();
}
