// SPDX-License-Identifier: Apache-2.0
// Notes S3:13-22: main sleeps for ten milliseconds and takes the goroutine for done.
#include <memory>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
// Stands in for fmt.Println.
void println(bool processed) { [[maybe_unused]] volatile bool shown = processed; }
}  // namespace

CHICANE_SCENARIO(sleep_as_sync, bad) {
  auto processed = std::make_shared<bool>(false);
  go([processed] {
    *processed = true;  //~ data-race#processed write [sched tsan]: if it is late, after the read
  });
  sleep(10ms);
  println(*processed);  //~ data-race#processed read [sched tsan]: time has passed, nothing else
}
