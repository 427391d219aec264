// SPDX-License-Identifier: Apache-2.0
// Notes S1:135-139 with std::shared_mutex: a unique_lock while the shared_lock is still there.
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
  std::shared_lock reader(cache.mutex);  //~ rwlock-upgrade#get holds [sched lockorder]
  if (cache.value == 0) {
    std::unique_lock writer(cache.mutex);  //~ rwlock-upgrade#get waits [sched lockorder]: for us
    cache.value = 42;
  }
  return cache.value;
}

}  // namespace

CHICANE_SCENARIO(rwlock_upgrade, bad) {
  Cache cache;
  std::thread reader([&] { get(cache); });
  reader.join();
  get(cache);
}
