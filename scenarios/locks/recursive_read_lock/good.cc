// SPDX-License-Identifier: Apache-2.0
// The same; the inner function relies on the lock of its caller.
//~ none
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

int high_of(const Config& config) { return config.high; }

int width(Config& config) {
  std::shared_lock guard(config.rw);
  return high_of(config) - config.low;
}
}  // namespace

CHICANE_SCENARIO(recursive_read_lock, good) {
  Config config;
  WaitGroup wg;
  wg.go([&] { width(config); });
  wg.go([&] {
    std::lock_guard guard(config.rw);
    config.high = 3;
  });
  wg.wait();
}
