// SPDX-License-Identifier: Apache-2.0
// A function-local static: C++11 lets one thread initialize it while the others wait.
//~ none
#include <cassert>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Table {
  Table() {
    for (int i = 0; i < 4; ++i) squares[i] = i * i;
  }
  int squares[4];
};

const Table& table() {
  static const Table only;
  return only;
}
}  // namespace

CHICANE_SCENARIO(magic_statics, good) {
  std::thread first([] { assert(table().squares[2] == 4); });
  std::thread second([] { assert(table().squares[3] == 9); });
  first.join();
  second.join();
}
