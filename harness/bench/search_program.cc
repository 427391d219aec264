// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <cassert>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/search_programs.h"

namespace chicane::bench {
namespace {

void join(std::vector<std::thread>& threads) {
  for (std::thread& thread : threads) thread.join();
}

template <typename Int>
void reorder(int setters) {
  Int a{0}, b{0};
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(setters) + 1);
  for (int i = 0; i < setters; ++i) {
    threads.emplace_back([&] {
      a = 1;
      b = -1;
    });
  }
  threads.emplace_back([&] {
    const int seen_a = a;
    const int seen_b = b;
    assert((seen_a == 0 && seen_b == 0) || (seen_a == 1 && seen_b == -1));
  });
  join(threads);
}

}  // namespace

void reorder_3() { reorder<std::atomic<int>>(3); }
void reorder_10() { reorder<std::atomic<int>>(10); }
void reorder_20() { reorder<std::atomic<int>>(20); }
void plain_reorder_3() { reorder<int>(3); }
void plain_reorder_10() { reorder<int>(10); }
void plain_reorder_20() { reorder<int>(20); }

void opposite_locks() {
  std::mutex a, b;
  std::thread one([&] {
    const std::lock_guard first(a);
    const std::lock_guard second(b);
  });
  std::thread two([&] {
    const std::lock_guard first(b);
    const std::lock_guard second(a);
  });
  one.join();
  two.join();
}

void two_stages() {
  std::mutex first_lock, second_lock;
  int first = 0, second = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      int value = 0;
      {
        const std::lock_guard guard(first_lock);
        first = 1;
        value = first + 1;
      }
      const std::lock_guard guard(second_lock);
      second = value;
    });
  }
  threads.emplace_back([&] {
    int seen = 0;
    {
      const std::lock_guard guard(first_lock);
      seen = first;
    }
    if (seen == 0) return;
    const std::lock_guard guard(second_lock);
    assert(second == seen + 1);
  });
  join(threads);
}

namespace {

/// Tasks are put and taken at the tail by the owner, stolen at the head by others.
class Deque {
 public:
  static constexpr int kNone = -1;
  void put(int task) {
    const int tail = tail_;
    tasks_[static_cast<std::size_t>(tail)] = task;
    tail_ = tail + 1;
  }
  int take() {
    const int tail = tail_ - 1;
    tail_ = tail;
    if (head_ > tail) {
      tail_ = tail + 1;
      return kNone;
    }
    // The mistake: when this is the last task, a thief may be taking it, too.
    return tasks_[static_cast<std::size_t>(tail)];
  }
  int steal() {
    const std::lock_guard guard(thieves_);
    const int head = head_;
    if (head >= tail_) return kNone;
    const int task = tasks_[static_cast<std::size_t>(head)];
    head_ = head + 1;
    return task;
  }

 private:
  std::atomic<int> head_{0}, tail_{0};
  std::array<std::atomic<int>, 8> tasks_{};
  std::mutex thieves_;
};

}  // namespace

void work_stealing() {
  constexpr int kTasks = 4;
  Deque deque;
  std::array<std::atomic<int>, kTasks> done{};
  const auto run = [&done](int task) {
    if (task == Deque::kNone) return;
    const int before = done[static_cast<std::size_t>(task)]++;
    assert(before == 0);
  };
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    for (int task = 0; task < kTasks; ++task) {
      deque.put(task);
      if (task % 2 == 1) run(deque.take());
    }
    for (int i = 0; i < kTasks; ++i) run(deque.take());
  });
  for (int thief = 0; thief < 2; ++thief) {
    threads.emplace_back([&] {
      for (int i = 0; i < 2; ++i) run(deque.steal());
    });
  }
  join(threads);
}

void transfers() {
  std::array<std::atomic<int>, 2> accounts{};
  accounts[0] = accounts[1] = 100;
  const auto move = [&](std::size_t from, std::size_t to, int amount) {
    const int balance = accounts[from];
    accounts[from] = balance - amount;
    accounts[to] += amount;
  };
  std::thread one([&] { move(0, 1, 10); });
  std::thread two([&] { move(1, 0, 20); });
  one.join();
  two.join();
  assert(accounts[0] + accounts[1] == 200);
}

}  // namespace chicane::bench
