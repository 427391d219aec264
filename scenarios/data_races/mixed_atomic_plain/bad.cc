// SPDX-License-Identifier: Apache-2.0
// Notes S1:139: "the read lock can be upgraded to atomic.LoadInt64(&value)"; writers still lock.
#include <atomic>
#include <cstdint>
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(mixed_atomic_plain, bad) {
  std::int64_t value = 0;
  RWMutex rwm;
  WaitGroup wg;
  wg.go([&] {
    std::lock_guard guard(rwm);
    value++;  //~ data-race#value write [sched tsan]: the lock stops lockers, not loads
  });
  wg.go([&] {
    std::atomic_ref<std::int64_t>(value).load();  //~ data-race#value atomic read [sched tsan]
  });
  wg.wait();
}
