// SPDX-License-Identifier: Apache-2.0
// Notes S1:139 with std::atomic_ref: an atomic read of what writers change under a mutex.
#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(mixed_atomic_plain, bad) {
  std::int64_t value = 0;
  std::mutex mutex;
  std::thread writer([&] {
    std::lock_guard lock(mutex);
    ++value;  //~ data-race#value write [sched tsan]: atomic_ref wants every access
  });
  std::thread reader([&] {
    std::atomic_ref<std::int64_t>(value).load();  //~ data-race#value atomic read [sched tsan]
  });
  writer.join();
  reader.join();
}
