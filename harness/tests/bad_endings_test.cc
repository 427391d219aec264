// SPDX-License-Identifier: Apache-2.0
//
// Runs that end badly. Whatever a program does to its process: it is a diagnosis with a schedule
// that shows it again, this process survives, and the next exploration works.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "expect.h"

namespace chicane::tests {
namespace {

using namespace std::chrono_literals;

// What the compiler must not know.
template <class T>
__attribute__((noinline)) T opaque(T value) {
  asm volatile("" : "+r"(value));
  return value;
}

class BadEnding : public ::testing::Test {
 protected:
  // After each: exploring goes on, and no process is left.
  void TearDown() override {
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
    expect_found(
        [] {
          int counter = 0;
          std::thread other([&] { counter = 1; });  //~ afterwards-one
          counter = 2;                              //~ afterwards-two
          other.join();
          assert(counter != 0);
        },
        {"data-race write@afterwards-one write@afterwards-two"});
    expect_clean([] {}, options(10));
  }

  // `end` happens in a second thread, in those schedules only in which it comes first.
  template <class End>
  static Program in_some_schedule(End end) {
    return [=] {
      std::atomic<bool> main_was_first{false};
      std::thread other([&] {
        if (!main_was_first) end();
      });
      main_was_first = true;
      other.join();
    };
  }
};

TEST_F(BadEnding, NullPointer) {
  expect_found(in_some_schedule([] {
                 int* nowhere = opaque<int*>(nullptr);
                 *nowhere = 1;  //~ null
               }),
               {"crash crashes@null"});
}

TEST_F(BadEnding, CallThroughANullPointer) {
  expect_found(in_some_schedule([] {
                 opaque<void (*)()>(nullptr)();  //~ null-call
               }),
               {"crash crashes@null-call"});
}

volatile int g_values[4], g_factor = 1;

// In a run that is not watched as the first ones are, what a loop does over and over is not told
// each time: the last access that the engine knows is an earlier one. `end` comes in one of 120
// orders of five threads.
template <class End>
Program after_a_loop_in_a_late_run(End end) {
  return [=] {
    std::atomic<int> next{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 5; ++i) {
      threads.emplace_back([&next, i] {
        int expected = i;
        next.compare_exchange_strong(expected, i + 1);
      });
    }
    for (std::thread& thread : threads) thread.join();
    int ended = 5;
    if (!next.compare_exchange_strong(ended, 0)) return;
    int sum = 0;
    for (int again = 0; again < 200; ++again) {
      for (const volatile int& value : g_values) {
        sum += value;
        sum += g_factor;
      }
    }
    end(sum);
  };
}

TEST_F(BadEnding, AfterALoopInALateRun) {
  Options with = options(1000);
  with.strategy = Strategy::kRandom;
  const auto in_a_library = [](int sum) {
    if (sum != 0) opaque (&std::strlen)(opaque<const char*>(nullptr));  //~ in-a-library
  };
  expect_found(after_a_loop_in_a_late_run(in_a_library), {"crash crashes@in-a-library"}, with);
  const auto nowhere = [](int sum) {
    if (sum != 0) opaque<void (*)()>(nullptr)();  //~ late-null-call
  };
  expect_found(after_a_loop_in_a_late_run(nowhere), {"crash crashes@late-null-call"}, with);
  const auto terminates = [](int sum) {
    if (sum != 0) std::terminate();  //~ late-terminate
  };
  expect_found(after_a_loop_in_a_late_run(terminates), {"uncaught-panic throws@late-terminate"},
               with);
  const auto fails = [](int sum) {
    if (sum != 0) report_failed_assertion("no zero");  //~ late-failure
  };
  expect_found(after_a_loop_in_a_late_run(fails), {"assertion-failed asserts@late-failure"}, with);
}

TEST_F(BadEnding, WildRead) {
  expect_found(in_some_schedule([] {
                 const long* nowhere = opaque(reinterpret_cast<const long*>(0x123456789a0));
                 if (*nowhere == 1) std::abort();  //~ wild
               }),
               {"crash crashes@wild"});
}

TEST_F(BadEnding, Abort) {
  expect_found(in_some_schedule([] {
                 std::abort();  //~ aborts
               }),
               {"crash crashes@aborts"});
}

TEST_F(BadEnding, Exit) {
  expect_found(in_some_schedule([] {
                 std::exit(3);  //~ exits
               }),
               {"crash exits@exits"});
  expect_found(in_some_schedule([] {
                 _exit(3);  //~ exits-at-once
               }),
               {"crash exits@exits-at-once"});
  expect_found(in_some_schedule([] {
                 std::quick_exit(0);  //~ exits-quickly
               }),
               {"crash exits@exits-quickly"});
}

TEST_F(BadEnding, FailedAssertion) {
  expect_found(in_some_schedule([] {
                 assert(opaque(1) == 2);  //~ asserts
               }),
               {"assertion-failed asserts@asserts"});
}

TEST_F(BadEnding, ExceptionThatNobodyCatches) {
  expect_found(in_some_schedule([] {
                 throw std::runtime_error("nobody");  //~ throws-in-thread
               }),
               {"uncaught-panic throws@throws-in-thread"});
  expect_found(
      [] {
        throw 42;  //~ throws-in-main
      },
      {"uncaught-panic throws@throws-in-main"});
  expect_found(
      [] {
        const auto thrower = [] {
          throw std::string("nobody");  //~ throws-through-noexcept
        };
        const auto quiet = [&]() noexcept {
          std::mutex mutex;
          const std::lock_guard guard(mutex);
          thrower();
        };
        try {
          quiet();
        } catch (const std::string&) {
        }
      },
      {"uncaught-panic throws@throws-through-noexcept"});
  expect_found(
      [] {
        std::thread left([] {});  // its destructor, not joined
      },                          //~ not-joined
      {"uncaught-panic throws@not-joined"});
}

int recurse(int depth) {
  volatile char frame[1000];
  frame[depth % 1000] = 1;
  if (depth < 0) return 0;
  return recurse(depth + 1) + frame[0];
}

TEST_F(BadEnding, StackOverflow) {
  const Result result = explore(in_some_schedule([] { recurse(0); }), options());
  ASSERT_EQ(result.diagnoses.size(), 1u) << describe(result);
  EXPECT_EQ(result.diagnoses[0].kind, "crash");
  EXPECT_NE(result.diagnoses[0].message.find("stack overflow"), std::string::npos);
  // In which line of the function the stack ends is the machine's business.
  EXPECT_NE(result.diagnoses[0].sites[0].stack[0].function.find("recurse"), std::string::npos)
      << result.diagnoses[0].sites[0].stack[0].function;
}

volatile int g_before;

// The fault is no access: its line is not the last one that the engine saw.
TEST_F(BadEnding, DivisionByZero) {
  expect_found(in_some_schedule([] {
                 g_before = 1;
                 const int quotient = opaque(1) / opaque(0);  //~ divides
                 assert(quotient == 0);
               }),
               {"crash crashes@divides"});
}

TEST_F(BadEnding, SignalThatCannotBeCaught) {
  expect_found(in_some_schedule([] { kill(getpid(), SIGKILL); }), {"crash crashes"});
}

// Of these functions the entry is all that is known, which compilers count to this line or that.
// clang-format off
void spin(volatile int* here) { for (*here = 1;;) asm volatile(""); }  //~ spins
int first_byte(int end) { return std::fgetc(fdopen(end, "r")); }  //~ reads
// clang-format on

TEST_F(BadEnding, SpinOutOfSight) {
  // Named by its function: where in the loop it was stopped is chance.
  expect_found(in_some_schedule([] {
                 static volatile int here;
                 spin(&here);
               }),
               {"livelock spins@spins"});
}

TEST_F(BadEnding, SpinOnAPlainFlag) {
  expect_found(
      [] {
        static bool stop;
        stop = false;
        std::thread spinner([] {
          while (!*const_cast<volatile bool*>(&stop)) {  //~ asks-a-plain-flag
          }
        });
        stop = true;  //~ sets-a-plain-flag
        spinner.join();
      },
      {"data-race read@asks-a-plain-flag write@sets-a-plain-flag"});
  expect_found(
      [] {
        static bool stop;
        stop = false;
        while (!*const_cast<volatile bool*>(&stop)) {  //~ never-set
        }
      },
      {"livelock spins@never-set"});
}

// The C library's own read, inside fgetc, is no call that the engine could see.
TEST_F(BadEnding, BlockingCallThatTheEngineDoesNotSee) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const Program program = in_some_schedule([ends] {
    if (first_byte(ends[0]) == 'a') std::abort();
  });
  const Result result = explore(program, options());
  EXPECT_TRUE(has_exactly(result, __FILE__, {"uncontrolled blocks@reads"}));
  close(ends[0]);
  close(ends[1]);
}

TEST_F(BadEnding, AfterAnHourOfVirtualSleep) {
  expect_found(in_some_schedule([] {
                 std::this_thread::sleep_for(1h);
                 assert(opaque(1) == 2);  //~ an-hour-later
               }),
               {"assertion-failed asserts@an-hour-later"});
}

TEST_F(BadEnding, HandlersOfTheProgramDoNotRunInTheTest) {
  static bool ran = false;
  std::atexit([] {
    if (ran) std::abort();
  });
  const Result result = explore(
      [] {
        std::atexit([] { ran = true; });
        std::exit(0);  //~ exits-with-handlers
      },
      options());
  EXPECT_TRUE(has_exactly(result, __FILE__, {"crash exits@exits-with-handlers"}));
  EXPECT_FALSE(ran);
}

}  // namespace
}  // namespace chicane::tests
