// SPDX-License-Identifier: Apache-2.0
//
// Threads of unmodified code under many schedules: creation, join, detach, exit, identity, and what
// belongs to each of them (thread_local, keys, errno, exceptions in flight). The oracle is the
// assertion in the program, which holds under every schedule, or the diagnosis of its twin.
#include <pthread.h>

#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "expect.h"

namespace chicane::tests {
namespace {

// ---- create, join, detach ----

TEST(Threads, JoinOrdersWhatTheThreadDid) {
  expect_clean([] {
    std::array<int, 3> squares{};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) threads.emplace_back([&squares, i] { squares[i] = i * i; });
    for (std::thread& thread : threads) thread.join();
    assert(squares[0] + squares[1] + squares[2] == 5);
  });
  expect_found(
      [] {
        int result = 0;
        std::thread thread([&] { result = 1; });  //~ computes
        const int early = result;                 //~ reads-early
        thread.join();
        assert(early <= result);
      },
      {"data-race write@computes read@reads-early"});
}

TEST(Threads, BothOrdersOfTwoThreadsHappen) {
  const Tally tally;
  expect_clean(
      [&] {
        std::atomic<int> first{0};
        const auto come = [&first](int who) {
          int nobody = 0;
          first.compare_exchange_strong(nobody, who);
        };
        std::thread one(come, 1), two(come, 2);
        one.join();
        two.join();
        tally.count(first);
      },
      samples());
  EXPECT_GT(tally[1], 10);
  EXPECT_GT(tally[2], 10);
  EXPECT_EQ(tally[1] + tally[2], 500);
}

void* give_back(void* argument) { return argument; }
void* exit_with(void* argument) { pthread_exit(argument); }

TEST(Threads, ResultsReachTheJoiner) {
  expect_clean([] {
    int one = 0, two = 0;
    pthread_t returns, exits;
    assert(pthread_create(&returns, nullptr, &give_back, &one) == 0);
    assert(pthread_create(&exits, nullptr, &exit_with, &two) == 0);
    void* result = nullptr;
    assert(pthread_join(returns, &result) == 0 && result == &one);
    assert(pthread_join(exits, &result) == 0 && result == &two);
  });
}

TEST(Threads, JoinSaysWhatItCannotDo) {
  expect_clean([] {
    std::atomic<bool> go{false};
    assert(pthread_join(pthread_self(), nullptr) == EDEADLK);
    pthread_t thread;
    const auto wait = [](void* flag) -> void* {
      while (!*static_cast<std::atomic<bool>*>(flag)) std::this_thread::yield();
      return nullptr;
    };
    assert(pthread_create(&thread, nullptr, wait, &go) == 0);
    assert(pthread_tryjoin_np(thread, nullptr) == EBUSY);
    timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec += 1;
    assert(pthread_timedjoin_np(thread, nullptr, &soon) == ETIMEDOUT);
    go = true;
    assert(pthread_join(thread, nullptr) == 0);
    assert(pthread_create(&thread, nullptr, &give_back, nullptr) == 0);
    assert(pthread_detach(thread) == 0);
  });
}

TEST(Threads, DetachedThreadsGoOnAfterMain) {
  const Tally tally;
  expect_clean(
      [&] {
        static std::atomic<int> done;
        done = 0;
        std::thread([&] {
          std::this_thread::yield();
          ++done;
          tally.count(0);
        }).detach();
        tally.count(1 + done);
      },
      samples());
  EXPECT_EQ(tally[0], 500);  // it always ends
  EXPECT_GT(tally[1], 0);    // after main,
  EXPECT_GT(tally[2], 0);    // or before
}

TEST(Threads, ADetachedThreadThatNobodyEndsIsALeak) {
  expect_found(
      [] {
        static std::mutex mutex;
        static std::condition_variable never;
        std::thread([] {
          std::unique_lock lock(mutex);
          never.wait(lock);  //~ waits-for-ever
        }).detach();
      },
      {"goroutine-leak blocked@waits-for-ever"});
}

TEST(Threads, MainMayEndBeforeTheOthersByExit) {
  const Tally tally;
  expect_clean([&] {
    std::thread([&] { tally.count(0); }).detach();
    pthread_exit(nullptr);
  });
  EXPECT_EQ(tally[0], 1);  // main is over before the other begins: one run is all there is
}

struct Unwound {
  int& count;
  ~Unwound() { ++count; }
};

void deep(int depth, int& count) {
  const Unwound unwound{count};
  if (depth == 0) pthread_exit(nullptr);
  deep(depth - 1, count);
  std::abort();
}

TEST(Threads, ExitUnwindsTheStack) {
  expect_clean([] {
    int first = 0, second = 0;
    bool caught = false;
    std::thread one([&] { deep(5, first); });
    std::thread two([&] {
      try {
        deep(2, second);
      } catch (...) {  // as with glibc: cleanup code sees it, and must let it go on
        caught = true;
        throw;
      }
    });
    one.join();
    two.join();
    assert(first == 6 && second == 3 && caught);
  });
}

TEST(Threads, ExitMustNotBeSwallowed) {
  expect_found(
      [] {
        std::thread thread([] {
          try {
            pthread_exit(nullptr);
          } catch (...) {
          }
        });
        thread.join();
      },
      {"crash crashes"});
}

TEST(Threads, MakeThreadsThemselves) {
  expect_clean([] {
    int sum = 0;
    std::thread outer([&] {
      int inner_sum = 0;
      std::thread inner([&] { inner_sum = 20; });
      inner.join();
      sum = inner_sum + 1;
    });
    outer.join();
    assert(sum == 21);
  });
}

TEST(Threads, ManyInOneRun) {
  const Program program = [] {
    std::atomic<int> count{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 100; ++i) threads.emplace_back([&] { ++count; });
    for (std::thread& thread : threads) thread.join();
    assert(count == 100);
  };
  expect_clean(program, options(50));
}

TEST(Threads, StopTokens) {
  expect_clean([] {
    int rounds = 0;
    {
      std::jthread thread([&](std::stop_token token) {
        while (!token.stop_requested()) std::this_thread::yield();
        ++rounds;
      });
    }
    assert(rounds == 1);
  });
}

// ---- identity ----

TEST(Threads, AreThemselvesAfterEverySwitch) {
  expect_clean([] {
    std::array<pthread_t, 3> selves{};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&selves, i] {
        const pthread_t before = pthread_self();
        const auto id = std::this_thread::get_id();
        for (int round = 0; round < 3; ++round) {
          std::this_thread::yield();
          assert(pthread_equal(before, pthread_self()));
          assert(id == std::this_thread::get_id());
        }
        selves[i] = before;
      });
    }
    const auto first = threads[0].get_id();
    for (std::thread& thread : threads) thread.join();
    std::set<pthread_t> distinct(selves.begin(), selves.end());
    distinct.insert(pthread_self());
    assert(distinct.size() == 4);
    assert(first != std::this_thread::get_id());
  });
}

// ---- what belongs to a thread ----

thread_local int t_plain = 7;
thread_local int t_zero;
int next_dynamic() {
  static std::atomic<int> next{0};
  return ++next * 0 + 11;
}
thread_local int t_dynamic = next_dynamic();

void expect_fresh() {
  assert(t_plain == 7 && t_zero == 0 && t_dynamic == 11);
  std::this_thread::yield();
  assert(t_plain == 7 && t_zero == 0 && t_dynamic == 11);
  t_plain = t_zero = t_dynamic = 99;
  std::this_thread::yield();
  assert(t_plain == 99 && t_zero == 99 && t_dynamic == 99);
}

// The second pair runs on contexts that the first one has used, as does the next run's main.
TEST(ThreadLocal, BeginsAnewInEveryThread) {
  expect_clean([] {
    expect_fresh();
    for (int pair = 0; pair < 2; ++pair) {
      std::thread one(&expect_fresh), two(&expect_fresh);
      one.join();
      two.join();
    }
  });
}

struct Destroyed {
  std::string* log = nullptr;
  char name = '?';
  ~Destroyed() {
    std::this_thread::yield();
    if (log != nullptr) *log += name;
  }
};
thread_local Destroyed t_outer{nullptr, 'o'};
thread_local Destroyed t_inner{nullptr, 'i'};
struct Marker {
  int* log = nullptr;
  ~Marker() {
    if (log != nullptr) *log = 2;  //~ at-the-end
  }
};
thread_local Marker t_marker;

TEST(ThreadLocal, IsDestroyedAtTheThreadsEndInReverseOrder) {
  expect_clean([] {
    for (int again = 0; again < 2; ++again) {
      std::string one_log, two_log;
      std::thread one([&] {
        t_outer.log = &one_log;
        t_inner.log = &one_log;
      });
      std::thread two([&] {
        t_outer.log = &two_log;
        t_inner.log = &two_log;
        pthread_exit(nullptr);
      });
      one.join();
      two.join();
      assert(one_log == "io" && two_log == "io");
    }
  });
  expect_found(
      [] {
        static int log;
        std::thread([] { t_marker.log = &log; }).detach();
        log = 1;  //~ does-not-wait
      },
      {"data-race write@at-the-end write@does-not-wait"});
}

struct KeyOwner {
  pthread_key_t with_destructor, plain, stubborn;
  KeyOwner();
} g_keys;

KeyOwner::KeyOwner() {
  pthread_key_create(&with_destructor, [](void* value) { ++*static_cast<int*>(value); });
  pthread_key_create(&plain, nullptr);
  pthread_key_create(&stubborn, [](void* value) { pthread_setspecific(g_keys.stubborn, value); });
}

TEST(ThreadLocal, KeysBeginEmptyAndAreDestroyed) {
  expect_clean([] {
    int destroyed = 0;
    const auto use = [&destroyed] {
      assert(pthread_getspecific(g_keys.with_destructor) == nullptr);
      assert(pthread_getspecific(g_keys.plain) == nullptr);
      assert(pthread_getspecific(g_keys.stubborn) == nullptr);
      pthread_setspecific(g_keys.with_destructor, &destroyed);
      pthread_setspecific(g_keys.plain, &destroyed);
      pthread_setspecific(g_keys.stubborn, &destroyed);
      std::this_thread::yield();
      assert(pthread_getspecific(g_keys.plain) == &destroyed);
    };
    for (int i = 0; i < 3; ++i) std::thread(use).join();
    assert(destroyed == 3);
  });
}

TEST(ThreadLocal, KeysMadeInARunAreThatRunsOwn) {
  expect_clean([] {
    int destroyed = 0;
    pthread_key_t key;
    const auto destroy = [](void* value) { ++*static_cast<int*>(value); };
    assert(pthread_key_create(&key, destroy) == 0);
    std::thread one([&] { pthread_setspecific(key, &destroyed); });
    one.join();
    assert(destroyed == 1);
    std::thread two([&] { assert(pthread_getspecific(key) == nullptr); });
    two.join();
    assert(destroyed == 1 && pthread_key_delete(key) == 0);
  });
}

TEST(ThreadLocal, ErrnoIsEachThreadsOwn) {
  expect_clean([] {
    const auto use = [](int mine) {
      for (int round = 0; round < 3; ++round) {
        errno = mine;
        std::this_thread::yield();
        assert(errno == mine);
      }
    };
    errno = 1000;
    std::thread one(use, 1), two(use, 2);
    one.join();
    two.join();
    assert(errno == 1000);
  });
}

// ---- exceptions ----

void throw_and_nest(int mine) {
  try {
    std::this_thread::yield();
    throw std::runtime_error("outer " + std::to_string(mine));
  } catch (const std::runtime_error& outer) {
    std::this_thread::yield();
    assert(std::uncaught_exceptions() == 0);
    try {
      const struct Unwinding {
        ~Unwinding() {
          std::this_thread::yield();
          assert(std::uncaught_exceptions() == 1);
        }
      } unwinding;
      throw mine;
    } catch (const int& inner) {
      std::this_thread::yield();
      assert(inner == mine);
    }
    try {
      std::this_thread::yield();
      throw;
    } catch (const std::exception& again) {
      std::this_thread::yield();
      assert(&again == &outer && again.what() == "outer " + std::to_string(mine));
    }
  }
  assert(std::current_exception() == nullptr);
}

TEST(Exceptions, AreInFlightInSeveralThreadsAtOnce) {
  expect_clean([] {
    std::thread one(&throw_and_nest, 1), two(&throw_and_nest, 2);
    throw_and_nest(3);
    one.join();
    two.join();
  });
}

TEST(Exceptions, TravelFromThreadToThread) {
  expect_clean([] {
    std::exception_ptr first, second;
    const auto work = [](std::exception_ptr& out, int mine) {
      try {
        throw std::out_of_range(std::to_string(mine));
      } catch (...) {
        out = std::current_exception();
      }
    };
    std::thread one([&] { work(first, 1); }), two([&] { work(second, 2); });
    one.join();
    two.join();
    int sum = 0;
    for (const std::exception_ptr& each : {first, second}) {
      try {
        std::rethrow_exception(each);
      } catch (const std::out_of_range& error) {
        sum += std::stoi(error.what());
      }
    }
    assert(sum == 3);
  });
  expect_found(
      [] {
        std::exception_ptr out;
        std::mutex started;
        std::thread thread([&] {
          const std::lock_guard guard(started);
          out = std::make_exception_ptr(1);
        });
        bool failed = false;
        for (int i = 0; i < 3 && !failed; ++i) {
          const std::lock_guard guard(started);
          failed = out != nullptr;
        }
        thread.join();
        assert(!failed);  //~ saw-it
      },
      {"assertion-failed asserts@saw-it"});
}

}  // namespace
}  // namespace chicane::tests
