// SPDX-License-Identifier: Apache-2.0
//
// `lost-update` and `atomicity-violation` on whole programs, none of which asserts anything; and
// silence on the idioms that look alike and are right.
#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "chicane/golang.h"
#include "expect.h"

namespace chicane::tests {
namespace {

// ---- what is wrong ----

TEST(LostUpdate, OfAnAtomicThatIsLoadedAndStored) {
  expect_found(
      [] {
        std::atomic<int> count = 0;
        const auto add = [&] {
          const int old = count.load();  //~ loads
          count.store(old + 1);          //~ stores
        };
        together(add, add);
      },
      {"lost-update read@loads lost@stores write@stores"});
}

TEST(LostUpdate, OfDataReadAndWrittenInTwoCriticalSections) {
  expect_found(
      [] {
        std::mutex mutex;
        int balance = 100;
        const auto deposit = [&](int amount) {
          int old;
          {
            const std::lock_guard guard(mutex);
            old = balance;  //~ looks
          }
          const std::lock_guard guard(mutex);
          balance = old + amount;  //~ puts
        };
        together([&] { deposit(10); }, [&] { deposit(30); });
      },
      {"lost-update read@looks lost@puts write@puts"});
}

TEST(LostUpdate, OfAProperUpdateByABrokenOne) {
  expect_found(
      [] {
        std::mutex mutex;
        int count = 0;
        together(
            [&] {
              const std::lock_guard guard(mutex);
              ++count;  //~ proper
            },
            [&] {
              mutex.lock();
              const int old = count;  //~ broken-read
              mutex.unlock();
              mutex.lock();
              count = old + 2;  //~ broken-write
              mutex.unlock();
            });
      },
      {"lost-update read@broken-read lost@proper write@broken-write"});
}

TEST(AtomicityViolation, OfACheckThatNoLongerHolds) {
  expect_found(
      [] {
        std::mutex mutex;
        int owner = 0;
        const auto claim = [&](int self) {
          bool free;
          {
            const std::lock_guard guard(mutex);
            free = owner == 0;  //~ checks
          }
          if (!free) return;
          const std::lock_guard guard(mutex);
          owner = self;  //~ acts
        };
        together([&] { claim(1); }, [&] { claim(2); });
      },
      {"atomicity-violation checks@checks interrupts@acts acts@acts"});
}

// ---- copies in boxes: what is stored is a pointer to another block ----

using Numbers = std::vector<int>;

TEST(LostUpdate, OfACopyBehindAnAtomicPointer) {
  expect_found(
      [] {
        std::atomic<const Numbers*> now = new Numbers(2);
        const auto set = [&](int index) {
          auto* copy = new Numbers(*now.load());  //~ copies
          (*copy)[index] = 1;
          now.store(copy);  //~ publishes
        };
        together([&] { set(0); }, [&] { set(1); });
      },
      {"lost-update read@copies lost@publishes write@publishes"});
}

TEST(LostUpdate, OfACopyBehindAnAtomicSharedPointer) {
  expect_found(
      [] {
        std::atomic<std::shared_ptr<const Numbers>> now(std::make_shared<Numbers>(2));
        const auto set = [&](int index) {
          Numbers copy = *now.load();  //~ loads-shared
          copy[index] = 1;
          now.store(std::make_shared<const Numbers>(copy));  //~ stores-shared
        };
        together([&] { set(0); }, [&] { set(1); });
      },
      {"lost-update read@loads-shared lost@stores-shared write@stores-shared"});
}

TEST(LostUpdate, OfACopyInAGoValue) {
  expect_found(
      [] {
        golang::AtomicValue<Numbers> now;
        now.store(Numbers(2));
        const auto set = [&](int index) {
          Numbers copy = *now.load();  //~ loads-value
          copy[index] = 1;
          now.store(copy);  //~ stores-value
        };
        golang::WaitGroup group;
        group.go([&] { set(0); });
        group.go([&] { set(1); });
        group.wait();
      },
      {"lost-update read@loads-value lost@stores-value write@stores-value"});
}

TEST(LostUpdate, OfACopyThatIsSwappedIn) {
  expect_found(
      [] {
        std::atomic<const Numbers*> now = new Numbers(2);
        const auto set = [&](int index) {
          auto* copy = new Numbers(*now.load());  //~ reads-box
          (*copy)[index] = 1;
          static_cast<void>(now.exchange(copy));  //~ swaps-box
        };
        together([&] { set(0); }, [&] { set(1); });
      },
      {"lost-update read@reads-box lost@swaps-box write@swaps-box"});
}

TEST(Atomicity, ACompareExchangeLoopOfBoxes) {
  expect_clean([] {
    std::atomic<const Numbers*> now = new Numbers(2);
    const auto set = [&](int index) {
      const Numbers* old = now.load();
      auto* copy = new Numbers(*old);
      (*copy)[index] = 1;
      while (!now.compare_exchange_weak(old, copy)) {
        *copy = *old;
        (*copy)[index] = 1;
      }
    };
    together([&] { set(0); }, [&] { set(1); });
  });
}

TEST(Atomicity, ACompareExchangeLoopOfSharedPointers) {
  expect_clean([] {
    std::atomic<std::shared_ptr<const Numbers>> now(std::make_shared<Numbers>(2));
    const auto set = [&](int index) {
      auto old = now.load();
      for (;;) {
        Numbers copy = *old;
        copy[index] = 1;
        if (now.compare_exchange_strong(old, std::make_shared<const Numbers>(copy))) return;
      }
    };
    together([&] { set(0); }, [&] { set(1); });
  });
}

TEST(Atomicity, NewBoxesThatOweNothingToTheOld) {
  expect_clean([] {
    std::atomic<const Numbers*> now = new Numbers(2);
    const auto set = [&](int value) {
      const std::size_t before = now.load()->size();  // for a log, say
      now.store(new Numbers(2, value));
      return before;
    };
    together([&] { set(1); }, [&] { set(2); });
  });
}

TEST(Atomicity, WritersOfBoxesWhoTakeALock) {
  expect_clean([] {
    std::mutex writers;
    std::atomic<std::shared_ptr<const Numbers>> now(std::make_shared<Numbers>(2));
    const auto set = [&](int index) {
      const std::lock_guard guard(writers);
      Numbers copy = *now.load();
      copy[index] = 1;
      now.store(std::make_shared<const Numbers>(copy));
    };
    together([&] { set(0); }, [&] { set(1); }, [&] { static_cast<void>(now.load()->size()); });
  });
}

TEST(Atomicity, ABoxThatIsMadeOnceByTheFirstWhoFindsNone) {
  expect_clean([] {
    std::mutex mutex;
    std::atomic<const Numbers*> made = nullptr;
    const auto get = [&](int self) {
      if (made.load() != nullptr) return;
      const std::lock_guard guard(mutex);
      if (made.load() == nullptr) made.store(new Numbers(1, self));
    };
    together([&] { get(1); }, [&] { get(2); });
  });
}

TEST(Atomicity, AVersionThatIsComparedBeforeABoxIsPutIn) {
  expect_clean([] {
    std::mutex mutex;
    std::shared_ptr<const Numbers> now = std::make_shared<Numbers>(2);
    const auto set = [&](int index) {
      for (;;) {
        mutex.lock();
        const auto old = now;
        mutex.unlock();
        auto copy = std::make_shared<Numbers>(*old);
        (*copy)[index] = 1;
        const std::lock_guard guard(mutex);
        if (now != old) continue;
        now = copy;
        return;
      }
    };
    together([&] { set(0); }, [&] { set(1); });
  });
}

// ---- what is right ----

TEST(Atomicity, ACompareExchangeLoopLosesNothing) {
  expect_clean([] {
    std::atomic<int> count = 0;
    const auto add = [&] {
      int old = count.load();
      while (!count.compare_exchange_weak(old, old + 1)) {
      }
    };
    together(add, add);
  });
}

TEST(Atomicity, ASecondLookBeforeTheWrite) {
  expect_clean([] {
    std::mutex mutex;
    int owner = 0;
    const auto claim = [&](int self) {
      mutex.lock();
      const bool free = owner == 0;
      mutex.unlock();
      if (!free) return;
      const std::lock_guard guard(mutex);
      if (owner == 0) owner = self;
    };
    together([&] { claim(1); }, [&] { claim(2); });
  });
}

TEST(Atomicity, AVersionThatIsComparedBeforeTheWrite) {
  expect_clean([] {
    std::mutex mutex;
    int version = 0, value = 0;
    const auto update = [&](int by) {
      for (;;) {
        mutex.lock();
        const int seen = version, old = value;
        mutex.unlock();
        const std::lock_guard guard(mutex);
        if (version != seen) continue;
        value = old + by;
        ++version;
        return;
      }
    };
    together([&] { update(1); }, [&] { update(5); });
  });
}

TEST(Atomicity, DoubleCheckedLockingWithAnAtomic) {
  expect_clean([] {
    std::mutex mutex;
    std::atomic<int> made = 0;
    const auto get = [&](int self) {
      if (made.load() == 0) {
        const std::lock_guard guard(mutex);
        if (made.load() == 0) made.store(self);
      }
    };
    together([&] { get(1); }, [&] { get(2); });
  });
}

TEST(Atomicity, SettersThatLookBeforehand) {
  expect_clean([] {
    std::atomic<int> level = 0;
    const auto set = [&](int to) {
      const int before = level.load();  // for a log, say
      level.store(to);
      return before;
    };
    together([&] { set(1); }, [&] { set(2); });
  });
}

TEST(Atomicity, ACounterReadForDisplay) {
  expect_clean([] {
    std::mutex mutex;
    int count = 0, shown = 0;
    const auto work = [&] {
      {
        const std::lock_guard guard(mutex);
        ++count;
      }
      const std::lock_guard guard(mutex);
      shown = count;
    };
    together(work, work);
  });
}

TEST(Atomicity, ASingleWriterNeedsNoExchange) {
  expect_clean([] {
    std::atomic<int> progress = 0;
    together(
        [&] {
          for (int i = 0; i < 3; ++i) progress.store(progress.load() + 1);
        },
        [&] { static_cast<void>(progress.load()); });
  });
}

TEST(Atomicity, ASequenceLock) {
  expect_clean([] {
    std::atomic<unsigned> sequence = 0;
    std::atomic<int> first = 0, second = 0;
    std::mutex writers;
    const auto write = [&](int value) {
      const std::lock_guard guard(writers);
      sequence.store(sequence.load() + 1);
      first.store(value);
      second.store(value);
      sequence.store(sequence.load() + 1);
    };
    together([&] { write(1); }, [&] { write(2); },
             [&] {
               for (int tries = 0; tries < 3; ++tries) {
                 const unsigned before = sequence.load();
                 if (before % 2 != 0) continue;
                 const bool same = first.load() == second.load();
                 if (sequence.load() == before && !same) std::abort();
               }
             });
  });
}

}  // namespace
}  // namespace chicane::tests
