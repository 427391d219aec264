// SPDX-License-Identifier: Apache-2.0
//
// expect: clean
// stdout: done
// native: no, because it takes an hour
#include <chrono>
#include <cstdio>
#include <thread>

int main() {
  std::thread other([] { std::this_thread::sleep_for(std::chrono::hours(1)); });
  std::this_thread::sleep_for(std::chrono::minutes(59));
  other.join();
  std::puts("done");
  return 0;
}
