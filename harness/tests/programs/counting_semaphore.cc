// SPDX-License-Identifier: Apache-2.0
//
// stdout: 3
#include <cassert>
#include <chrono>
#include <cstdio>
#include <semaphore>
#include <thread>

int main() {
  std::counting_semaphore<4> items(0);
  std::binary_semaphore lock(1);
  int made = 0, sum = 0;
  std::thread producer([&] {
    for (int i = 0; i < 3; ++i) {
      lock.acquire();
      ++made;
      lock.release();
      items.release();
    }
  });
  for (int i = 0; i < 3; ++i) {
    items.acquire();
    lock.acquire();
    assert(made > i);
    lock.release();
    ++sum;
  }
  assert(!items.try_acquire());
  assert(!items.try_acquire_for(std::chrono::milliseconds(1)));
  producer.join();
  std::printf("%d\n", sum);
  return 0;
}
