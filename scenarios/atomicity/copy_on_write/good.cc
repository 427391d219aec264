// SPDX-License-Identifier: Apache-2.0
// Notes S1:206-219: readers need no lock, writers do.
//~ none
#include <cassert>
#include <mutex>
#include <vector>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(copy_on_write, good) {
  AtomicValue<std::vector<int>> val;
  val.store(std::vector<int>(2));
  Mutex writers;
  auto set = [&](int index, int elem) {
    std::lock_guard guard(writers);
    std::vector<int> new_array = *val.load();
    new_array[index] = elem;
    val.store(new_array);
  };
  WaitGroup wg;
  wg.go([&] { set(0, 1); });
  wg.go([&] { set(1, 1); });
  wg.wait();
  const std::vector<int> array = *val.load();
  assert(array[0] == 1 && array[1] == 1);
}
