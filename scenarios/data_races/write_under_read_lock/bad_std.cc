// SPDX-License-Identifier: Apache-2.0
// Notes S3:91-92 with std::shared_mutex: a lookup that counts its hits under shared_lock.
#include <shared_mutex>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(write_under_read_lock, bad) {
  std::shared_mutex mutex;
  int hits = 0;
  auto lookup = [&] {
    std::shared_lock lock(mutex);
    ++hits;  //~ data-race#hits [sched tsan]: shared means that the other reader is in here as well
  };
  std::thread first(lookup);
  std::thread second(lookup);
  first.join();
  second.join();
}
