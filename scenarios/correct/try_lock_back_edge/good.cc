// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:86: A then B; and B then, if it is free, A. Who only tries does not wait.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Cache {
  std::mutex index_mutex;
  std::mutex data_mutex;
  int index = 0;
  int data = 0;
};

void insert(Cache& cache) {
  std::lock_guard index_lock(cache.index_mutex);
  std::lock_guard data_lock(cache.data_mutex);
  cache.index = ++cache.data;
}

// Tidies the index when nobody is at it, else leaves it to the next one.
void remove(Cache& cache) {
  std::lock_guard data_lock(cache.data_mutex);
  cache.data = 0;
  std::unique_lock index_lock(cache.index_mutex, std::try_to_lock);
  if (index_lock.owns_lock()) cache.index = 0;
}
}  // namespace

CHICANE_SCENARIO(try_lock_back_edge, good) {
  Cache cache;
  std::thread inserter([&] { insert(cache); });
  std::thread remover([&] { remove(cache); });
  inserter.join();
  remover.join();
}
