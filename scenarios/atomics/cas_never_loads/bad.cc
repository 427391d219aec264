// SPDX-License-Identifier: Apache-2.0
// Notes S1:166-175: v is 0 for ever, value is 10.
#include <cstdint>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
void add_value(Atomic<std::int32_t>& value, std::int32_t delta) {
  std::int32_t v = 0;
  for (;;) {
    if (value.compare_and_swap(v, v + delta)) {  //~ livelock#spin [sched]: v was never loaded
      break;
    }
  }
}
}  // namespace

CHICANE_SCENARIO(cas_never_loads, bad) {
  Atomic<std::int32_t> value(10);
  WaitGroup wg;
  wg.go([&] { add_value(value, 3); });
  wg.go([&] { add_value(value, 4); });
  wg.wait();
}
