// SPDX-License-Identifier: Apache-2.0
//
// Sleeps order by time, not by chance; nothing waits for real.
// stdout: late
#include <atomic>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <thread>

using namespace std::chrono_literals;

int main() {
  std::atomic<bool> done{false};
  const auto begin = std::chrono::steady_clock::now();
  std::thread other([&] {
    std::this_thread::sleep_for(2ms);
    done = true;
  });
  while (!done) std::this_thread::yield();
  assert(std::chrono::steady_clock::now() - begin >= 2ms);
  std::this_thread::sleep_until(std::chrono::system_clock::now() + 1ms);
  other.join();
  std::puts("late");
  return 0;
}
