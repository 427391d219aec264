// SPDX-License-Identifier: Apache-2.0
//
// Programs whose runs are about a thousand operations long: four threads that are busy with a lock,
// and somewhere among it a mistake; and three threads that take turns, too often.
#include <atomic>
#include <cassert>
#include <condition_variable>
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

namespace {

/// Three threads, each so many times `step(thread)`.
template <class Step>
void three_threads(int rounds, Step step) {
  std::vector<std::thread> threads;
  for (int who = 0; who < 3; ++who) {
    threads.emplace_back([rounds, who, &step] {
      for (int i = 0; i < rounds; ++i) step(who);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// Whose turn it is, under a lock.
class Turns {
 public:
  /// Whether there were so many changes already.
  bool take(int who, int many) {
    const std::lock_guard guard(lock_);
    if (last_ != who) ++changes_;
    last_ = who;
    return changes_ >= many;
  }

 private:
  std::mutex lock_;
  int last_ = -1, changes_ = 0;
};

}  // namespace

void many_turns() {
  std::atomic<int> last{-1}, changes{0}, work{0};
  three_threads(130, [&](int who) {
    ++work;
    if (last.exchange(who) != who) ++changes;
  });
  assert(changes < 250);
}

void many_turns_then_a_race() {
  Turns turns;
  int count = 0;
  three_threads(160, [&](int who) {
    if (turns.take(who, 300)) ++count;
  });
}

void many_turns_then_a_deadlock() {
  Turns turns;
  std::mutex a, b;
  three_threads(160, [&](int who) {
    if (!turns.take(who, 300)) return;
    const std::lock_guard first(who == 0 ? a : b);
    const std::lock_guard second(who == 0 ? b : a);
  });
}

namespace {

/// Has room for one.
class Slot {
 public:
  void put(int value) {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [this] { return !full_; });
    value_ = value;
    full_ = true;
    changed_.notify_all();
  }
  int take() {
    std::unique_lock guard(lock_);
    changed_.wait(guard, [this] { return full_; });
    full_ = false;
    changed_.notify_all();
    return value_;
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
  int value_ = 0;
  bool full_ = false;
};

}  // namespace

void many_turns_in_a_queue() {
  constexpr int kEach = 60;
  Slot slot;
  std::vector<std::thread> senders;
  for (int who = 0; who < 2; ++who) {
    senders.emplace_back([&slot, who] {
      for (int i = 0; i < kEach; ++i) slot.put(who);
    });
  }
  int last = -1, changes = 0;
  for (int i = 0; i < 2 * kEach; ++i) {
    const int who = slot.take();
    if (who != last) ++changes;
    last = who;
  }
  for (std::thread& sender : senders) sender.join();
  assert(changes < 50);
}

}  // namespace chicane::bench
