// SPDX-License-Identifier: Apache-2.0
// The same two goroutines; both take lockA first.
//~ none
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(lock_order_ab_ba, good) {
  Mutex lock_a;
  Mutex lock_b;
  WaitGroup wg;

  wg.go([&] {
    std::lock_guard a(lock_a);
    std::lock_guard b(lock_b);
  });
  wg.go([&] {
    std::lock_guard a(lock_a);
    std::lock_guard b(lock_b);
  });

  wg.wait();
}
