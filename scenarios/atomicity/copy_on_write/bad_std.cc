// SPDX-License-Identifier: Apache-2.0
// Notes S1:206-219 with std::atomic of a struct: load, change the copy, store.
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
  Config copy = config.load();  //~ lost-update#retries read [sched]: from here on it may be stale
  copy.timeout = timeout;
  config.store(copy);  //~ lost-update#timeout lost [sched]; lost-update#retries write [sched]
}

void set_retries(std::atomic<Config>& config, int retries) {
  Config copy = config.load();  //~ lost-update#timeout read [sched]: from here on it may be stale
  copy.retries = retries;
  config.store(copy);  //~ lost-update#retries lost [sched]; lost-update#timeout write [sched]
}
}  // namespace

CHICANE_SCENARIO(copy_on_write, bad) {
  std::atomic<Config> config(Config{0, 0});
  std::thread first([&] { set_timeout(config, 1); });
  std::thread second([&] { set_retries(config, 1); });
  first.join();
  second.join();
  const Config end = config.load();
  assert(end.timeout + end.retries == 2);  //~ assertion-failed#lost [sched]: last store wins
}
