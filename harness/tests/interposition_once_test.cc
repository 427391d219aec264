// SPDX-License-Identifier: Apache-2.0
//
// What must happen once: std::call_once and function-local statics, also when the first attempt
// throws. Whoever comes first does it, and all the others see what it did.
#include <atomic>
#include <cassert>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

// ---- once ----

TEST(Once, RunsOnceAndOrders) {
  const Tally tally;
  expect_clean([&] {
    std::once_flag once;
    int value = 0, runs = 0;
    const auto use = [&](int who) {
      std::call_once(once, [&] {
        ++runs;
        std::this_thread::yield();
        value = who;
      });
      assert(value != 0 && runs == 1);
    };
    together([&] { use(1); }, [&] { use(2); });
    tally.count(value);
  });
  EXPECT_GT(tally[1], 0);
  EXPECT_GT(tally[2], 0);
}

TEST(Once, AnExceptionLetsTheNextOneTry) {
  expect_clean([] {
    std::once_flag once;
    int tries = 0, caught = 0, value = 0;
    std::mutex mutex;
    const auto use = [&] {
      try {
        std::call_once(once, [&] {
          std::this_thread::yield();
          if (++tries == 1) throw std::runtime_error("first");
          value = 1;
        });
        assert(value == 1);
      } catch (const std::runtime_error&) {
        const std::lock_guard guard(mutex);
        ++caught;
      }
    };
    together(use, use, use);
    assert(tries == 2 && caught == 1 && value == 1);
  });
}

TEST(Once, OneThatCallsItselfNeverEnds) {
  expect_found(
      [] {
        std::once_flag once;
        try {
          std::call_once(once, [] { throw 1; });
        } catch (int) {
        }
        std::call_once(once, [&] {      //~ outer-once
          std::call_once(once, [] {});  //~ inner-once
        });
      },
      {"self-deadlock holds@outer-once waits@inner-once"});
}

// A static outlives its run: each exploration here is one run, in a fresh process.
template <class Body>
::testing::AssertionResult is_clean_in_fresh_processes(const Body& body, int processes) {
  for (int seed = 1; seed <= processes; ++seed) {
    Options with = options(1);
    with.seed = static_cast<std::uint64_t>(seed);
    with.strategy = Strategy::kRandom;
    const ::testing::AssertionResult clean = is_clean(body, with);
    if (!clean) return clean;
  }
  return ::testing::AssertionSuccess();
}

struct Slow {
  static int made;
  int value = 0;
  Slow() {
    ++made;
    std::this_thread::yield();
    value = 42;
  }
};
int Slow::made = 0;

TEST(Statics, AreMadeOnceByWhomeverComesFirst) {
  const Tally tally;
  const Program program = [&] {
    static std::atomic<int> maker;
    const auto use = [&](int who) {
      const auto make = [who] {
        maker = who;
        return Slow();
      };
      static const Slow slow = make();
      assert(slow.value == 42);
    };
    together([&] { use(1); }, [&] { use(2); });
    assert(Slow::made == 1);
    tally.count(maker);
  };
  EXPECT_TRUE(is_clean_in_fresh_processes(program, 100));
  EXPECT_GT(tally[1], 0);
  EXPECT_GT(tally[2], 0);
}

TEST(Statics, AreTriedAgainWhenTheInitializerThrows) {
  const Program program = [] {
    static std::atomic<int> tries;
    std::atomic<int> caught{0};
    const auto use = [&] {
      const auto make = [&] {
        std::this_thread::yield();
        if (tries++ == 0) throw std::runtime_error("first");
        return 42;
      };
      try {
        static const int value = make();
        assert(value == 42);
      } catch (const std::runtime_error&) {
        ++caught;
      }
    };
    together(use, use, use);
    assert(tries == 2 && caught == 1);
  };
  EXPECT_TRUE(is_clean_in_fresh_processes(program, 100));
}

TEST(Statics, WhatTheInitializerDidNotDoIsNotOrdered) {
  expect_found(
      [] {
        static int beside;
        const auto use = [] {
          static const Slow slow;
          ++beside;  //~ beside-the-static
        };
        together(use, use);
        assert(beside > 0);
      },
      {"data-race @beside-the-static @beside-the-static"});
}

}  // namespace
}  // namespace chicane::tests
