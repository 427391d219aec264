// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/programs.h"

namespace chicane::bench {

void locked_counter_program() {
  std::mutex mutex;
  int counter = 0;
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) {
        std::lock_guard<std::mutex> guard(mutex);
        ++counter;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (counter != 9) std::abort();
}

void atomic_counter_program() {
  std::atomic<int> counter{0};
  std::vector<std::thread> threads;
  threads.reserve(3);
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 3; ++i) counter.fetch_add(1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (counter != 9) std::abort();
}

void plain_accesses_program() {
  static int cells[64];
  for (int i = 0; i < kPlainAccesses / 2; ++i) ++cells[i % 64];
}

void lock_pairs_program() {
  std::mutex mutex;
  for (int i = 0; i < kLockPairs; ++i) std::lock_guard<std::mutex> guard(mutex);
}

}  // namespace chicane::bench
