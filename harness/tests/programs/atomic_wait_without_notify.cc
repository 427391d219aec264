// SPDX-License-Identifier: Apache-2.0
//
// A store that nobody is told of.
// expect: deadlock
// says: waits for an atomic to change
// native: no, because it may never end
#include <atomic>
#include <thread>

int main() {
  std::atomic<int> value{0};
  std::thread other([&] { value.wait(0); });
  value = 1;
  other.join();
  return 0;
}
