// SPDX-License-Identifier: Apache-2.0
// Notes S3:13-22 with std::thread: joined first, read afterwards.
//~ none
#include <thread>

#include "chicane/scenario.h"

namespace {
// Stands in for printing.
void println(bool processed) { [[maybe_unused]] volatile bool shown = processed; }
}  // namespace

CHICANE_SCENARIO(sleep_as_sync, good) {
  bool processed = false;
  std::thread worker([&] { processed = true; });
  worker.join();
  println(processed);
}
