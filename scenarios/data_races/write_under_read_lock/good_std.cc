// SPDX-License-Identifier: Apache-2.0
// Notes S3:91-92 with std::shared_mutex: whoever writes locks it alone.
//~ none
#include <mutex>
#include <shared_mutex>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(write_under_read_lock, good) {
  std::shared_mutex mutex;
  int hits = 0;
  auto lookup = [&] {
    std::unique_lock lock(mutex);
    ++hits;
  };
  std::thread first(lookup);
  std::thread second(lookup);
  first.join();
  second.join();
}
