// SPDX-License-Identifier: Apache-2.0
// The same cache; it goes when the last request has left.
//~ none
#include <memory>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Cache {
  std::mutex mutex;
};

void serve(Cache& cache) {
  cache.mutex.lock();
  std::this_thread::yield();
  cache.mutex.unlock();
}
}  // namespace

CHICANE_SCENARIO(destroyed_while_held, good) {
  auto cache = std::make_unique<Cache>();
  std::thread request([&cache = *cache] { serve(cache); });
  cache->mutex.lock();
  cache->mutex.unlock();
  request.join();
  cache.reset();
}
