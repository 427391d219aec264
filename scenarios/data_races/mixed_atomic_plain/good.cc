// SPDX-License-Identifier: Apache-2.0
// Notes S1:134-138: the read lock, not "upgraded".
//~ none
#include <atomic>
#include <cstdint>
#include <mutex>
#include <shared_mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(mixed_atomic_plain, good) {
  std::int64_t value = 0;
  RWMutex rwm;
  WaitGroup wg;
  wg.go([&] {
    std::lock_guard guard(rwm);
    value++;
  });
  wg.go([&] {
    std::shared_lock guard(rwm);
    std::atomic_ref<std::int64_t>(value).load();
  });
  wg.wait();
}
