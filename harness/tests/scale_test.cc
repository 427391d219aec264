// SPDX-License-Identifier: Apache-2.0
//
// Size: many threads and locks in one run.
#include <gtest/gtest.h>

#include <cassert>
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

}  // namespace
}  // namespace chicane::tests
