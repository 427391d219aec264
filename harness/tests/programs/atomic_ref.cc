// SPDX-License-Identifier: Apache-2.0
//
// stdout: 4
#include <atomic>
#include <cstdio>
#include <thread>

int main() {
  int counter = 0;
  const auto count = [&] {
    for (int i = 0; i < 2; ++i) std::atomic_ref(counter).fetch_add(1);
  };
  std::thread other(count);
  count();
  other.join();
  std::printf("%d\n", counter);
  return 0;
}
