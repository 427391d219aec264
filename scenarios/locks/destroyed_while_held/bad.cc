// SPDX-License-Identifier: Apache-2.0
// A step from notes S0:57-67: the owner takes the lock once more to be sure that nobody is inside.
#include <memory>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Cache {
  std::mutex mutex;
};

void serve(Cache& cache) {
  cache.mutex.lock();  //~ destroyed-in-use#held locked [sched]; use-after-free#late [sched tsan]
  std::this_thread::yield();
  cache.mutex.unlock();
}
}  // namespace

CHICANE_SCENARIO(destroyed_while_held, bad) {
  auto cache = std::make_unique<Cache>();
  std::thread request([&cache = *cache] { serve(cache); });
  cache->mutex.lock();
  cache->mutex.unlock();  // whoever was inside has left; who comes now?
  cache.reset();  //~ destroyed-in-use#held destroy [sched]; use-after-free#late [sched tsan]
  request.join();
}
