// SPDX-License-Identifier: Apache-2.0
// The same cache; the reader lets go before it becomes a writer, and looks again.
//~ none
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {

struct Cache {
  std::shared_mutex mutex;
  int value = 0;
};

int get(Cache& cache) {
  {
    std::shared_lock reader(cache.mutex);
    if (cache.value != 0) return cache.value;
  }
  std::unique_lock writer(cache.mutex);
  if (cache.value == 0) cache.value = 42;
  return cache.value;
}

}  // namespace

CHICANE_SCENARIO(rwlock_upgrade, good) {
  Cache cache;
  std::thread reader([&] { get(cache); });
  reader.join();
  get(cache);
}
