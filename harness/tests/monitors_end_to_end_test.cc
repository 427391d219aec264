// SPDX-License-Identifier: Apache-2.0
//
// What the monitors say of unmodified std:: code: the kind, the sites with their roles, who holds
// what; and that they are silent about code that is right for a reason they must know.
#include <atomic>
#include <cassert>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "expect.h"

namespace chicane::tests {
namespace {

const Site* site_with(const Result& result, const std::string& role) {
  for (const Diagnosis& diagnosis : result.diagnoses) {
    for (const Site& site : diagnosis.sites) {
      if (site.role == role) return &site;
    }
  }
  return nullptr;
}

// ---- what is wrong ----

TEST(Reports, ARaceSaysWhoHeldWhatAndWhichVariable) {
  const Result result = explore(
      [] {
        std::mutex mutex;
        int shared_value = 0;
        std::thread writer([&] {
          const std::lock_guard guard(mutex);
          shared_value = 1;  //~ guarded-write
        });
        const int seen = shared_value;  //~ bare-read
        writer.join();
        assert(seen <= shared_value);
      },
      options());
  ASSERT_TRUE(has_exactly(result, __FILE__, {"data-race write@guarded-write read@bare-read"}));
  EXPECT_EQ(result.diagnoses[0].object, "shared_value");
  EXPECT_EQ(site_with(result, "read")->detail, "holding no lock");
  EXPECT_EQ(site_with(result, "read")->thread, 0);
  EXPECT_EQ(site_with(result, "write")->detail, "holding `mutex`");
  EXPECT_EQ(site_with(result, "write")->thread, 1);
}

TEST(Reports, ThreeThreadsInACircle) {
  expect_found(
      [] {
        std::mutex a, b, c;
        std::thread one([&] {
          const std::lock_guard first(a);   //~ one-holds
          const std::lock_guard second(b);  //~ one-waits
        });
        std::thread two([&] {
          const std::lock_guard first(b);   //~ two-holds
          const std::lock_guard second(c);  //~ two-waits
        });
        {
          const std::lock_guard first(c);   //~ main-holds
          const std::lock_guard second(a);  //~ main-waits
        }
        one.join();
        two.join();
      },
      {"deadlock holds@one-holds waits@one-waits holds@two-holds waits@two-waits "
       "holds@main-holds waits@main-waits"});
}

TEST(Reports, AJoinUnderALock) {
  expect_found(
      [] {
        std::mutex mutex;
        std::thread worker([&] {
          const std::lock_guard guard(mutex);  //~ worker-waits
        });
        const std::lock_guard guard(mutex);  //~ joiner-holds
        worker.join();                       //~ joins-under-lock
      },
      {"deadlock waits@joins-under-lock holds@joiner-holds waits@worker-waits"});
}

TEST(Reports, AnUpgradeOfAReadLock) {
  expect_found(
      [] {
        std::shared_mutex mutex;
        const auto upgrade = [&] {
          mutex.lock_shared();  //~ reads
          mutex.lock();         //~ upgrades
          mutex.unlock();
          mutex.unlock_shared();
        };
        std::thread other(upgrade);
        other.join();
      },
      {"rwlock-upgrade holds@reads waits@upgrades"});
}

TEST(Reports, ALockThatItsThreadKept) {
  expect_found(
      [] {
        std::mutex mutex;
        std::thread other([&] { mutex.lock(); });  //~ kept-for-ever
        other.join();
        assert(!mutex.try_lock());
      },
      {"lock-leak locked@kept-for-ever"});
  expect_found(
      [] {
        std::mutex mutex;
        std::thread other([&] { mutex.lock(); });  //~ kept-to-the-end
        other.join();
        mutex.lock();  //~ wants-what-was-kept
      },
      {"lock-leak locked@kept-to-the-end",
       "deadlock holds@kept-to-the-end waits@wants-what-was-kept"});
}

TEST(Reports, ADetachedThreadThatIsLeftBehind) {
  const Result result = explore(
      [] {
        struct Shared {
          std::mutex mutex;
          std::condition_variable changed;
          bool done = false;
        };
        auto shared = std::make_shared<Shared>();
        std::thread([shared] {
          std::unique_lock lock(shared->mutex);
          shared->changed.wait(lock, [&] { return shared->done; });  //~ left-behind
        }).detach();
      },
      options());
  EXPECT_TRUE(has_exactly(result, __FILE__, {"goroutine-leak blocked@left-behind"}));
  EXPECT_EQ(site_with(result, "blocked")->thread, 1);
}

TEST(Reports, ASpinThatNobodyEnds) {
  expect_found(
      [] {
        std::atomic<bool> stop{false};
        while (!stop.load()) {  //~ spins
        }
      },
      {"livelock spins@spins"});
}

/// Whether the one diagnosis of `program`, a livelock, tells that somebody is busy waiting.
bool waits_busily(const Program& program) {
  const Result result = explore(program, options(20));
  EXPECT_EQ(result.diagnoses.size(), 1u) << describe(result);
  if (result.diagnoses.empty()) return false;
  EXPECT_EQ(result.diagnoses[0].kind, "livelock");
  return result.diagnoses[0].message.find("is busy waiting") != std::string::npos;
}

TEST(Reports, WhoOnlyLooksIsBusyWaiting) {
  EXPECT_TRUE(waits_busily([] {
    std::atomic<int> ready{0}, failed{0};
    while (ready.load() == 0 && failed.load() == 0) std::this_thread::yield();
  }));
  EXPECT_TRUE(waits_busily([] {
    std::mutex mutex;
    mutex.lock();
    std::thread other([&] {
      while (!mutex.try_lock()) {
      }
      mutex.unlock();
    });
    other.join();
    mutex.unlock();
  }));
  EXPECT_FALSE(waits_busily([] {
    std::atomic<int> turn{0};
    while (turn.load() < 2) turn.store(1 - turn.load());
  })) << "it changes what it looks at";
}

void goes_through_much() {
  std::vector<std::atomic<int>> all(40000);
  int sum = 0;
  std::thread reader([&] {
    for (std::atomic<int>& one : all) sum += one.load();  //~ goes-through
  });
  reader.join();
  assert(sum == 0);
}

void counts_far() {
  std::mutex mutex;
  int count = 0;
  const auto add = [&] {
    for (int i = 0; i < 10000; ++i) {
      const std::lock_guard guard(mutex);  //~ counts
      ++count;
    }
  };
  together(add, add);
}

void waits_for_one_who_counts() {
  std::atomic<bool> done{false};
  std::atomic<int> count{0};
  together(
      [&] {
        while (++count < 20000) {  //~ goes-on
        }
        done = true;
      },
      [&] {
        while (!done) std::this_thread::yield();  //~ waits-for-it
      });
}

/// What is said of the one diagnosis of `program`, which is not over at the step limit.
std::string limit_message(const Program& program) {
  const Result result = explore(program, options(12));
  if (result.diagnoses.size() != 1 || result.diagnoses[0].kind != "step-limit") {
    return "not one step-limit: " + describe(result);
  }
  return result.diagnoses[0].message;
}

// Whether a loop ends by what it counts cannot be seen; that it does nothing else can.
TEST(Reports, OfWhoOnlyCountsItIsTold) {
  const std::string counts =
      "all that changes is a value of thread 1: if its loop does not end by that, it has no end";
  const std::string in_memory = limit_message([] {
    std::atomic<bool> done{false};
    std::atomic<int> rounds{0};
    std::thread waits([&] {
      while (!done) ++rounds;
    });
    waits.join();
  });
  EXPECT_NE(in_memory.find(counts), std::string::npos) << in_memory;
  const std::string plain = limit_message([] {
    std::atomic<bool> done{false};
    int rounds = 0;
    std::thread waits([&] {
      while (!done) ++rounds;
    });
    waits.join();
  });
  EXPECT_NE(plain.find(counts), std::string::npos) << plain;
  const std::string far = limit_message(&goes_through_much);
  EXPECT_EQ(far.find("all that changes"), std::string::npos) << far;
}

// What gets on may come to its end: more operations tell.
TEST(Reports, ALongWayIsNoLivelock) {
  Options with = options(12);
  expect_found(&goes_through_much, {"step-limit running@goes-through"}, with);
  expect_found(&counts_far, {"step-limit running@counts running@counts"}, with);
  expect_found(&waits_for_one_who_counts, {"step-limit running@goes-on running@waits-for-it"},
               with);
  with.step_limit = 200000;
  expect_clean(&goes_through_much, with);
  expect_clean(&counts_far, with);
  expect_clean(&waits_for_one_who_counts, with);
}

// Accesses that race are operations, but not so many that a run would come to no end.
TEST(Reports, ARaceInALongLoop) {
  const auto program = [] {
    std::vector<int> all(30000);
    long sum = 0;
    together(
        [&] {
          for (const int one : all) sum += one;  //~ sums
        },
        [&] { all[9] = 1; });  //~ changes
    assert(sum <= 1);
  };
  for (const Strategy strategy : {Strategy::kPortfolio, Strategy::kDpor, Strategy::kDfs}) {
    Options with = options(12);
    with.strategy = strategy;
    const Result result = explore(program, with);
    EXPECT_TRUE(has_exactly(result, __FILE__, {"data-race read@sums write@changes"}));
    EXPECT_FALSE(result.exhausted) << to_string(strategy);  // not in all places of its reads
    EXPECT_NE(result.ended_by, "bad-runs") << to_string(strategy);
  }
}

// What is changed and put back is no way.
TEST(Reports, WhoChangesNothingForGoodGetsNowhere) {
  expect_found(
      [] {
        std::mutex mutex;
        bool stop = false;
        for (int looks = 0;;) {
          const std::lock_guard guard(mutex);  //~ polls
          looks = 1 - looks;
          if (stop) break;
        }
      },
      {"livelock spins@polls"}, options(20));
}

TEST(Reports, TheLockorderLegConfirmsWhatItPredicts) {
  Options with = options();
  with.leg = "lockorder";
  const Program opposite = [] {
    std::mutex a, b;
    std::thread other([&] {
      const std::lock_guard first(a);   //~ predicted-a
      const std::lock_guard second(b);  //~ predicted-then-b
    });
    {
      const std::lock_guard first(b);   //~ predicted-b
      const std::lock_guard second(a);  //~ predicted-then-a
    }
    other.join();
  };
  Result result = explore(opposite, with);
  // The prediction that led there may be listed beside it, unconfirmed.
  std::erase_if(result.diagnoses, [](const Diagnosis& diagnosis) {
    return diagnosis.kind == "lock-order-inversion" && !diagnosis.confirmed;
  });
  ASSERT_TRUE(has_exactly(result, __FILE__,
                          {"deadlock holds@predicted-a waits@predicted-then-b holds@predicted-b "
                           "waits@predicted-then-a"}));
  EXPECT_TRUE(result.diagnoses[0].confirmed);
}

// ---- what is right ----

void gate_lock() {
  std::mutex gate, a, b;
  std::thread other([&] {
    const std::lock_guard outer(gate);
    const std::lock_guard first(a);
    const std::lock_guard second(b);
  });
  {
    const std::lock_guard outer(gate);
    const std::lock_guard first(b);
    const std::lock_guard second(a);
  }
  other.join();
}

void locks_ordered_by_join() {
  std::mutex a, b;
  std::thread other([&] {
    const std::lock_guard first(a);
    const std::lock_guard second(b);
  });
  other.join();
  const std::lock_guard first(b);
  const std::lock_guard second(a);
}

TEST(Silence, AboutLockOrdersThatCannotDeadlock) {
  Options lockorder = options();
  lockorder.leg = "lockorder";
  for (const auto program : {&gate_lock, &locks_ordered_by_join}) {
    expect_clean(program);
    const Result result = explore(program, lockorder);
    EXPECT_TRUE(has_exactly(result, __FILE__, {}));
    EXPECT_GT(result.runs, 0u);
  }
}

struct SpinLock {
  std::atomic<int> locked{0};
  void lock() {
    while (locked.exchange(1, std::memory_order_acquire) != 0) std::this_thread::yield();
  }
  void unlock() { locked.store(0, std::memory_order_release); }
};

TEST(Silence, AboutHandMadeLocks) {
  expect_clean([] {
    SpinLock lock;
    int counter = 0;
    const auto count = [&] {
      for (int i = 0; i < 2; ++i) {
        const std::lock_guard guard(lock);
        ++counter;
      }
    };
    std::thread one(count), two(count);
    one.join();
    two.join();
    assert(counter == 4);
  });
  // Petersen's algorithm: two flags and a turn.
  expect_clean([] {
    std::atomic<bool> wants[2] = {false, false};
    std::atomic<int> turn{0};
    int counter = 0;
    const auto enter = [&](int me) {
      wants[me] = true;
      turn = 1 - me;
      while (wants[1 - me] && turn == 1 - me) std::this_thread::yield();
      ++counter;
      wants[me] = false;
    };
    std::thread other(enter, 1);
    enter(0);
    other.join();
    assert(counter == 2);
  });
}

struct SeqLock {
  std::atomic<unsigned> version{0};
  std::atomic<int> low{0}, high{0};

  void write(int value) {
    const unsigned before = version.load(std::memory_order_relaxed);
    version.store(before + 1, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    low.store(value, std::memory_order_relaxed);
    high.store(value, std::memory_order_relaxed);
    version.store(before + 2, std::memory_order_release);
  }
  bool try_read(int* value) const {
    const unsigned before = version.load(std::memory_order_acquire);
    const int first = low.load(std::memory_order_relaxed);
    const int second = high.load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 != 0 || version.load(std::memory_order_relaxed) != before) return false;
    assert(first == second);
    *value = first;
    return true;
  }
};

TEST(Silence, AboutSequenceLocks) {
  const Tally tally;
  expect_clean([&] {
    SeqLock lock;
    std::thread writer([&] {
      lock.write(1);
      lock.write(2);
    });
    int value = -1;
    for (int i = 0; i < 4 && !lock.try_read(&value); ++i) std::this_thread::yield();
    writer.join();
    tally.count(value + 1);
  });
  EXPECT_GT(tally[1], 0);  // read before the first write,
  EXPECT_GT(tally[2], 0);  // between the two
  EXPECT_GT(tally[3], 0);  // and after them
}

struct Config {
  int value = 0;
};

TEST(Silence, AboutDoubleCheckedLocking) {
  const auto program = [](std::memory_order store, std::memory_order load) {
    std::atomic<Config*> config{nullptr};
    std::mutex mutex;
    const auto use = [&] {
      Config* found = config.load(load);
      if (found == nullptr) {
        const std::lock_guard guard(mutex);
        found = config.load(std::memory_order_relaxed);
        if (found == nullptr) {
          found = new Config;
          found->value = 42;  //~ initializes
          config.store(found, store);
        }
      }
      assert(found->value == 42);  //~ uses
    };
    std::thread one(use), two(use);
    one.join();
    two.join();
    delete config.load();
  };
  expect_clean([=] { program(std::memory_order_release, std::memory_order_acquire); });
  const Result result =
      explore([=] { program(std::memory_order_relaxed, std::memory_order_relaxed); }, options());
  ASSERT_FALSE(result.diagnoses.empty());
  for (const Diagnosis& diagnosis : result.diagnoses) EXPECT_EQ(diagnosis.kind, "data-race");
}

TEST(Silence, AboutSharedPointersHandedOver) {
  expect_clean([] {
    auto shared = std::make_shared<std::vector<int>>(3, 1);
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([shared] { assert(shared->size() == 3); });
    }
    shared.reset();  // the last one to go destroys it
    for (std::thread& thread : threads) thread.join();
  });
  // The pointer itself is as plain as any: what follows from that race is anybody's guess.
  const Result result = explore(
      [] {
        auto shared = std::make_shared<int>(1);
        std::thread other([&] { shared.reset(); });
        const auto copy = shared;
        other.join();
      },
      options());
  ASSERT_FALSE(result.diagnoses.empty());
  EXPECT_EQ(result.diagnoses[0].kind, "data-race");
}

TEST(Silence, AboutThreadsThatMoveAndVectorsThatGrow) {
  expect_clean([] {
    std::vector<std::thread> threads;
    std::vector<int> results(5);
    for (int i = 0; i < 5; ++i) {  // each growth moves the threads before it
      threads.push_back(std::thread([&results, i] { results[i] = i; }));
    }
    std::thread moved = std::move(threads[2]);
    moved.join();
    assert(results[2] == 2);
    for (std::thread& thread : threads) {
      if (thread.joinable()) thread.join();
    }
  });
}

TEST(Silence, AboutMemoryThatIsUsedAgain) {
  // The next block may have the address of the one before: its past is not this block's.
  expect_clean([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([] {
        for (int round = 0; round < 3; ++round) {
          const auto block = std::make_unique<int>(round);
          std::this_thread::yield();
          assert(*block == round);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
}

}  // namespace
}  // namespace chicane::tests
