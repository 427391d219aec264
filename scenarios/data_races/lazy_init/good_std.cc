// SPDX-License-Identifier: Apache-2.0
// Notes S1:471-477 with std::mutex: locked before the first look.
//~ none
#include <chrono>
#include <mutex>
#include <optional>
#include <thread>

#include "chicane/scenario.h"

namespace {
using std::chrono::minutes;

struct Cache {
  std::mutex mutex;
  std::optional<minutes> eviction;
  const minutes* expire_time = nullptr;
};

constexpr minutes kDefault{10000};

minutes get_eviction(Cache& cache) {
  std::lock_guard lock(cache.mutex);
  const minutes* expiry = cache.expire_time;
  if (expiry == nullptr) {
    expiry = &kDefault;
    cache.expire_time = expiry;
  }
  if (!cache.eviction) {
    cache.eviction = *expiry;
  }
  return *cache.eviction;
}
}  // namespace

CHICANE_SCENARIO(lazy_init, good) {
  Cache cache;
  std::thread first([&] { get_eviction(cache); });
  std::thread second([&] { get_eviction(cache); });
  first.join();
  second.join();
}
