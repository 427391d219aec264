// SPDX-License-Identifier: Apache-2.0
//
// Threads that a lock passes by although the schedule is fair: readers that are never all out keep
// a writer out, a try that always comes too late; and locks that serve everybody in turn.
#include <atomic>
#include <latch>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "chicane/golang/mutex.h"
#include "expect.h"

namespace chicane::tests {
namespace {

constexpr int kReaders = 8;

/// Readers go on until a writer has said that they may stop.
template <class Lock>
void readers_and_a_writer() {
  Lock lock;
  std::atomic<int> value{0}, work{0};
  std::latch all_came(kReaders);
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      for (int round = 0; value != 1; ++round) {
        const std::shared_lock guard(lock);  //~ takes
        if (round == 0) all_came.count_down();
        for (int k = 0; k < 4; ++k) ++work;
      }
    });
  }
  all_came.wait();
  {
    const std::unique_lock guard(lock);  //~ starves
    value = 1;
  }
  for (std::thread& reader : readers) reader.join();
}

Options few() {
  Options with = options(6);
  with.strategy = Strategy::kRandom;
  with.bad_runs = 2;
  return with;
}

TEST(Starvation, ReadersThatAreNeverAllOutKeepAWriterOut) {
  expect_found(&readers_and_a_writer<std::shared_mutex>, {"starvation waits@starves holds@takes"},
               few());
}

TEST(Starvation, AWriterThatHoldsNewReadersBackIsServed) {
  expect_clean(&readers_and_a_writer<golang::RWMutex>, few());
}

/// Everybody takes the lock for ever, and gets it: that is no starvation, though it has no end.
TEST(Starvation, WhoeverIsServedDoesNotStarve) {
  const auto program = [] {
    std::mutex mutex;
    std::atomic<bool> stop{false};
    const auto go_round = [&] {
      while (!stop) {
        const std::lock_guard guard(mutex);
      }
    };
    together(go_round, go_round, go_round);
  };
  const Result result = explore(program, few());
  for (const Diagnosis& diagnosis : result.diagnoses) EXPECT_EQ(diagnosis.kind, "livelock");
}

/// Who got the lock when, in all interleavings: one thread takes it twice, another once, and a
/// third tries it once. The orders as a set of slots.
std::set<int> all_orders(golang::MutexMode mode, Strategy strategy) {
  const Tally tally;
  const auto program = [&] {
    golang::Mutex mutex(mode);
    int turn = 0, first = 0, second = 0, other = 0, tried = 3;
    const auto take = [&](int* mine) {
      const std::lock_guard guard(mutex);
      *mine = turn++;
    };
    together([&] { take(&first), take(&second); }, [&] { take(&other); },
             [&] {
               if (!mutex.try_lock()) return;
               tried = turn++ == 0 ? 1 : 2;
               mutex.unlock();
             });
    tally.count((first * 4 + second + other) * 4 + tried);
  };
  Options with = options(100000);
  with.strategy = strategy;
  const Result result = explore(program, with);
  EXPECT_TRUE(result.exhausted) << result.summary;
  EXPECT_TRUE(result.diagnoses.empty()) << describe(result);
  std::set<int> orders;
  for (int slot = 0; slot < Tally::kSlots; ++slot) {
    if (tally[slot] != 0) orders.insert(slot);
  }
  return orders;
}

TEST(MutexModes, AreReducedToNoFewerOrdersThanThereAre) {
  for (const auto mode :
       {golang::MutexMode::kAny, golang::MutexMode::kBarging, golang::MutexMode::kHandOff}) {
    const std::set<int> orders = all_orders(mode, Strategy::kDpor);
    EXPECT_GT(orders.size(), 4u);
    EXPECT_EQ(orders, all_orders(mode, Strategy::kDfs)) << static_cast<int>(mode);
  }
}

/// Nobody gives the lock back: that is another defect.
TEST(Starvation, ALockThatIsKeptStarvesNobody) {
  const auto program = [] {
    std::mutex mutex;
    std::atomic<bool> stop{false};
    together(
        [&] {
          mutex.lock();
          while (!stop) {
          }
          mutex.unlock();
        },
        [&] {
          const std::lock_guard guard(mutex);
          stop = true;
        });
  };
  for (const Diagnosis& diagnosis : explore(program, few()).diagnoses) {
    EXPECT_NE(diagnosis.kind, "starvation");
  }
}

}  // namespace
}  // namespace chicane::tests
