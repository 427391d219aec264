// SPDX-License-Identifier: Apache-2.0
// Notes S1:471-477 with std::mutex: the default is filled in just before the lock.
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
  const minutes* expiry = cache.expire_time;  //~ data-race#expiry read [sched tsan]: no lock yet
  if (expiry == nullptr) {
    expiry = &kDefault;
    cache.expire_time = expiry;  //~ data-race#expiry write [sched tsan]: no lock yet
  }
  std::lock_guard lock(cache.mutex);
  if (!cache.eviction) {
    cache.eviction = *expiry;
  }
  return *cache.eviction;
}
}  // namespace

CHICANE_SCENARIO(lazy_init, bad) {
  Cache cache;
  std::thread first([&] { get_eviction(cache); });
  std::thread second([&] { get_eviction(cache); });
  first.join();
  second.join();
}
