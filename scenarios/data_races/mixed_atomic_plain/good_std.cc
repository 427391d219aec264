// SPDX-License-Identifier: Apache-2.0
// Notes S1:139 with std::atomic: every access is atomic, so none can be forgotten.
//~ none
#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(mixed_atomic_plain, good) {
  std::atomic<std::int64_t> value = 0;
  std::mutex mutex;
  std::thread writer([&] {
    std::lock_guard lock(mutex);
    ++value;
  });
  std::thread reader([&] { value.load(); });
  writer.join();
  reader.join();
}
