// SPDX-License-Identifier: Apache-2.0
#include "tests/reference_programs.h"

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace chicane::tests {
namespace {

template <typename Body>
void in_threads(int count, Body body) {
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) threads.emplace_back(body, i);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

void locked_increments(int threads, int increments) {
  std::mutex mutex;
  int counter = 0;
  in_threads(threads, [&](int) {
    for (int i = 0; i < increments; ++i) {
      const std::lock_guard<std::mutex> guard(mutex);
      ++counter;
    }
  });
}

void readers(int readers) {
  std::atomic<int> x{0};
  in_threads(readers + 1, [&](int i) { i == 0 ? x.store(1) : static_cast<void>(x.load()); });
}

void last_zero(int n) {
  std::atomic<int> a[64];
  for (int i = 0; i <= n; ++i) a[i].store(0, std::memory_order_relaxed);
  in_threads(n + 1, [&](int j) {
    if (j > 0) return a[j].store(a[j - 1].load() + 1);
    for (int i = n; a[i].load() != 0;) --i;
  });
}

void indexer(int threads) {
  constexpr int kSize = 128, kMessages = 4;
  static std::atomic<int> table[kSize];
  for (std::atomic<int>& slot : table) slot.store(0, std::memory_order_relaxed);
  in_threads(threads, [&](int tid) {
    for (int m = 1; m <= kMessages; ++m) {
      const int w = m * 11 + tid;
      for (int h = (w * 7) % kSize;; h = (h + 1) % kSize) {
        int free = 0;
        if (table[h].compare_exchange_strong(free, w)) break;
      }
    }
  });
}

void filesystem(int threads) {
  constexpr int kInodes = 32, kBlocks = 26;
  static std::mutex inode_locks[kInodes], block_locks[kBlocks];
  static int inode[kInodes];
  static bool busy[kBlocks];
  for (int& block : inode) block = 0;
  for (bool& block : busy) block = false;
  in_threads(threads, [&](int t) {
    const int i = t % kInodes;
    const std::lock_guard<std::mutex> inode_guard(inode_locks[i]);
    if (inode[i] != 0) return;
    for (int b = (i * 2) % kBlocks;; b = (b + 1) % kBlocks) {
      const std::lock_guard<std::mutex> block_guard(block_locks[b]);
      if (busy[b]) continue;
      busy[b] = true;
      inode[i] = b + 1;
      return;
    }
  });
}

void lost_update(int threads) {
  std::atomic<int> x{0};
  in_threads(threads, [&](int) { x.store(x.load() + 1); });
}

void store_buffering() {
  std::atomic<int> x{0}, y{0};
  in_threads(2, [&](int i) {
    std::atomic<int>& mine = i == 0 ? x : y;
    std::atomic<int>& other = i == 0 ? y : x;
    mine.store(1);
    other.load();
  });
}

}  // namespace chicane::tests
