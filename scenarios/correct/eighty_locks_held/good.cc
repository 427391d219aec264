// SPDX-License-Identifier: Apache-2.0
// Every bucket of a table locked at once, in one order: many locks, no cycle.
//~ none
#include <array>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
constexpr int kBuckets = 80;

struct Table {
  std::array<std::mutex, kBuckets> mutexes;
  std::array<int, kBuckets> values{};
};

int resize(Table& table) {
  int sum = 0;
  for (std::mutex& mutex : table.mutexes) mutex.lock();
  for (int& value : table.values) sum += value++;
  for (std::mutex& mutex : table.mutexes) mutex.unlock();
  return sum;
}

int read(Table& table, int bucket) {
  std::lock_guard lock(table.mutexes[bucket]);
  return table.values[bucket];
}
}  // namespace

CHICANE_SCENARIO(eighty_locks_held, good) {
  Table table;
  std::thread resizer([&] { resize(table); });
  std::thread reader([&] { read(table, kBuckets - 1); });
  resizer.join();
  reader.join();
}
