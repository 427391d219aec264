// SPDX-License-Identifier: Apache-2.0
// Notes S3:25: "coordinate our code": main waits for the goroutine, not for the clock.
//~ none
#include <memory>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
// Stands in for fmt.Println.
void println(bool processed) { [[maybe_unused]] volatile bool shown = processed; }
}  // namespace

CHICANE_SCENARIO(sleep_as_sync, good) {
  auto processed = std::make_shared<bool>(false);
  WaitGroup wg;
  wg.go([processed] { *processed = true; });
  wg.wait();
  println(*processed);
}
