// SPDX-License-Identifier: Apache-2.0
//
// What std::random_device gives is the program's business, not the schedule's.
// expect: nondeterminism differs@here
// says: differs when the same schedule is run again
#include <atomic>
#include <random>

int main() {
  static std::atomic<unsigned> number;
  number = std::random_device{}();  //~ here
  return 0;
}
