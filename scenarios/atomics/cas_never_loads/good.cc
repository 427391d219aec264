// SPDX-License-Identifier: Apache-2.0
// Notes S1:166-175, with a fresh look at value in every turn.
//~ none
#include <cstdint>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
void add_value(Atomic<std::int32_t>& value, std::int32_t delta) {
  std::int32_t v = 0;
  for (;;) {
    v = value.load();
    if (value.compare_and_swap(v, v + delta)) {
      break;
    }
  }
}
}  // namespace

CHICANE_SCENARIO(cas_never_loads, good) {
  Atomic<std::int32_t> value(10);
  WaitGroup wg;
  wg.go([&] { add_value(value, 3); });
  wg.go([&] { add_value(value, 4); });
  wg.wait();
}
