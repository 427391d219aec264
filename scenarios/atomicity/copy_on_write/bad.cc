// SPDX-License-Identifier: Apache-2.0
// Notes S1:206-219: Load, copy, set, Store; with two writers.
#include <cassert>
#include <vector>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(copy_on_write, bad) {
  AtomicValue<std::vector<int>> val;
  val.store(std::vector<int>(2));
  auto set = [&](int index, int elem) {
    std::vector<int> new_array = *val.load();  //~ lost-update#store read [sched]: soon stale
    new_array[index] = elem;
    val.store(new_array);  //~ lost-update#store write [sched]; lost-update#store lost [sched]
  };
  WaitGroup wg;
  wg.go([&] { set(0, 1); });
  wg.go([&] { set(1, 1); });
  wg.wait();
  const std::vector<int> array = *val.load();
  assert(array[0] == 1 && array[1] == 1);  //~ assertion-failed#lost [sched]: last Store wins
}
