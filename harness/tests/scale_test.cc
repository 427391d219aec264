// SPDX-License-Identifier: Apache-2.0
//
// Size: many threads and locks in one run, many runs in one process.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cassert>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#include "expect.h"

namespace chicane::tests {
namespace {

TEST(Scale, AThousandThreadsAndAThousandLocks) {
  expect_clean(
      [] {
        constexpr std::size_t kMany = 1000;
        std::vector<std::mutex> mutexes(kMany);
        std::vector<int> counters(kMany);
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < kMany; ++i) {
          threads.emplace_back([&, i] {
            // The lower one first: no circle.
            const std::size_t low = i == 0 ? 0 : i - 1;
            const std::lock_guard one(mutexes[low]);
            ++counters[low];
            if (low == i) return;
            const std::lock_guard other(mutexes[i]);
            ++counters[i];
          });
        }
        for (std::thread& thread : threads) thread.join();
        int sum = 0;
        for (const int counter : counters) sum += counter;
        assert(sum == 2 * static_cast<int>(kMany) - 1);
      },
      options(2));
}

long resident_pages() {
  char text[64] = {};
  const int file = open("/proc/self/statm", O_RDONLY);
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  long size = 0, resident = 0;
  return length > 0 && std::sscanf(text, "%ld %ld", &size, &resident) == 2 ? resident : -1;
}

// Run by run the same process: it remembers.
int runs = 0;
long pages_before = 0;

TEST(Scale, ManyRunsInOneProcessTakeNoMoreMemory) {
  constexpr int kFirst = 2000, kLast = 40000;
  constexpr long kAllowedPages = 64;
  Options with = options(kLast + 1);
  with.strategy = Strategy::kRandom;
  expect_clean(
      [] {
        std::mutex mutex;
        std::vector<int> list;
        std::thread other([&] {
          const std::lock_guard guard(mutex);
          list.push_back(1);
        });
        {
          const std::lock_guard guard(mutex);
          list.push_back(2);
        }
        other.join();
        ++runs;
        if (runs == kFirst) pages_before = resident_pages();
        assert(runs != kLast || resident_pages() - pages_before < kAllowedPages);
      },
      with);
}

}  // namespace
}  // namespace chicane::tests
