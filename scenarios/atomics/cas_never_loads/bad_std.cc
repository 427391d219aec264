// SPDX-License-Identifier: Apache-2.0
// Notes S1:166-175 with std::atomic: compare_exchange brings the value, each turn throws it away.
#include <atomic>
#include <thread>

#include "chicane/scenario.h"

namespace {
void add_value(std::atomic<int>& value, int delta) {
  for (;;) {
    int expected = 0;
    if (value.compare_exchange_weak(expected, expected + delta)) {  //~ livelock#spin [sched]: reset
      break;
    }
  }
}
}  // namespace

CHICANE_SCENARIO(cas_never_loads, bad) {
  std::atomic<int> value = 10;
  std::thread first([&] { add_value(value, 3); });
  std::thread second([&] { add_value(value, 4); });
  first.join();
  second.join();
}
