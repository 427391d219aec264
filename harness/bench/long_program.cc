// SPDX-License-Identifier: Apache-2.0
//
// Programs whose runs are about a thousand operations long: four threads that are busy with a lock,
// and somewhere among it a mistake.
#include <atomic>
#include <cassert>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/search_programs.h"

namespace chicane::bench {
namespace {

constexpr int kThreads = 4;

class Work {
 public:
  /// Ordinary operations, `rounds` times two.
  void go(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const std::lock_guard guard(lock_);
      ++done_;
    }
  }

 private:
  std::mutex lock_;
  int done_ = 0;
};

/// Every thread is busy before and after its `step(thread)`.
template <class Step>
void among_work(Step step) {
  Work work;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&work, &step, i] {
      work.go(55 + 5 * i);
      step(i);
      work.go(60);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

void long_lost_update() {
  std::atomic<int> count{0};
  among_work([&count](int) {
    const int seen = count;
    count = seen + 1;
  });
  assert(count == kThreads);
}

void long_opposite_locks() {
  std::mutex a, b;
  among_work([&](int thread) {
    for (int i = 0; i < 5; ++i) {
      const std::lock_guard first(thread % 2 == 0 ? a : b);
      const std::lock_guard second(thread % 2 == 0 ? b : a);
    }
  });
}

void long_plain_race() {
  int count = 0;
  among_work([&count](int) { ++count; });
}

/// One thread must be seen at its first stage by a second, and that at its own by a third.
void long_three_stages() {
  std::atomic<int> one{0}, two{0};
  among_work([&](int thread) {
    if (thread == 0) {
      for (int i = 0; i < 8; ++i) one = 1, one = 0;
    } else if (thread == 1) {
      for (int i = 0; i < 8; ++i) {
        if (one == 1) two = 1;
        two = 0;
      }
    } else if (thread == 2) {
      for (int i = 0; i < 8; ++i) assert(two == 0);
    }
  });
}

}  // namespace chicane::bench
