// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:86 and S3:91: A then B, B then A, all as readers; nobody ever writes.
//~ none
#include <shared_mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
struct Table {
  RWMutex rw;
  int rows = 3;
};

bool same_size(Table& one, Table& other) {
  std::shared_lock one_guard(one.rw);
  std::shared_lock other_guard(other.rw);
  return one.rows == other.rows;
}
}  // namespace

CHICANE_SCENARIO(read_read_cycle, good) {
  Table users;
  Table groups;
  WaitGroup wg;
  wg.go([&] { same_size(users, groups); });
  wg.go([&] { same_size(groups, users); });
  wg.wait();
}
