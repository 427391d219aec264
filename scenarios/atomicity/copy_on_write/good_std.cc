// SPDX-License-Identifier: Apache-2.0
// Notes S1:206-219 with std::atomic of a struct: stored only if nobody else has stored meanwhile.
//~ none
#include <atomic>
#include <cassert>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Config {
  int timeout;
  int retries;
};

void set_timeout(std::atomic<Config>& config, int timeout) {
  Config old = config.load();
  Config copy = old;
  do {
    copy = old;
    copy.timeout = timeout;
  } while (!config.compare_exchange_weak(old, copy));
}

void set_retries(std::atomic<Config>& config, int retries) {
  Config old = config.load();
  Config copy = old;
  do {
    copy = old;
    copy.retries = retries;
  } while (!config.compare_exchange_weak(old, copy));
}
}  // namespace

CHICANE_SCENARIO(copy_on_write, good) {
  std::atomic<Config> config(Config{0, 0});
  std::thread first([&] { set_timeout(config, 1); });
  std::thread second([&] { set_retries(config, 1); });
  first.join();
  second.join();
  const Config end = config.load();
  assert(end.timeout + end.retries == 2);
}
