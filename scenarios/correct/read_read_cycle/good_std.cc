// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:86 and S3:91 with std::shared_mutex: a cycle of readers, and no writer.
//~ none
#include <shared_mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Table {
  std::shared_mutex mutex;
  int rows = 3;
};

bool same_size(Table& one, Table& other) {
  std::shared_lock one_lock(one.mutex);
  std::shared_lock other_lock(other.mutex);
  return one.rows == other.rows;
}
}  // namespace

CHICANE_SCENARIO(read_read_cycle, good) {
  Table users;
  Table groups;
  std::thread first([&] { same_size(users, groups); });
  std::thread second([&] { same_size(groups, users); });
  first.join();
  second.join();
}
