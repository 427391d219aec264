// SPDX-License-Identifier: Apache-2.0
// Notes S3:91: a read lock inside of a read lock. A writer that waits in between closes the door.
#include <mutex>
#include <shared_mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
struct Config {
  RWMutex rw;
  int low = 1;
  int high = 2;
};

int high_of(Config& config) {
  std::shared_lock guard(config.rw);  //~ deadlock#rw waits [sched lockorder]: behind a writer
  return config.high;
}

int width(Config& config) {
  std::shared_lock guard(config.rw);  //~ deadlock#rw holds [sched lockorder]: the writer waits
  return high_of(config) - config.low;
}
}  // namespace

CHICANE_SCENARIO(recursive_read_lock, bad) {
  Config config;
  WaitGroup wg;
  wg.go([&] { width(config); });
  wg.go([&] {
    std::lock_guard guard(config.rw);  //~ deadlock#rw waits [sched lockorder]: for all readers
    config.high = 3;
  });
  wg.wait();  //~ deadlock#rw waits [sched lockorder]: for both
}
