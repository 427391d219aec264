// SPDX-License-Identifier: Apache-2.0
//
// A call that throws does not count, and the next caller tries again.
// stdout: 2
#include <cassert>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <thread>

int main() {
  std::once_flag flag;
  int calls = 0;
  const auto use = [&] {
    try {
      std::call_once(flag, [&] {
        if (++calls == 1) throw std::runtime_error("first");
      });
    } catch (const std::runtime_error&) {
    }
  };
  std::thread other(use);
  use();
  other.join();
  use();
  assert(calls == 2);
  std::printf("%d\n", calls);
  return 0;
}
