// SPDX-License-Identifier: Apache-2.0
// Notes S1:166-175 with std::atomic: a failed compare_exchange has refreshed expected.
//~ none
#include <atomic>
#include <thread>

#include "chicane/scenario.h"

namespace {
void add_value(std::atomic<int>& value, int delta) {
  int expected = value.load();
  for (;;) {
    if (value.compare_exchange_weak(expected, expected + delta)) {
      break;
    }
  }
}
}  // namespace

CHICANE_SCENARIO(cas_never_loads, good) {
  std::atomic<int> value = 10;
  std::thread first([&] { add_value(value, 3); });
  std::thread second([&] { add_value(value, 4); });
  first.join();
  second.join();
}
