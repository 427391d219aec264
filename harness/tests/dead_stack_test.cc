// SPDX-License-Identifier: Apache-2.0
//
// `use-after-free` of variables of threads that have ended, and of functions that have returned.
#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

TEST(DeadStack, ADetachedThreadUsesWhatItsCreatorHad) {
  const Result result = explore(
      [] {
        std::atomic<bool> done = false;
        std::thread creator([&done] {
          int mine = 1;
          std::thread late([&mine, &done] {
            std::this_thread::yield();
            mine = 2;  //~ late-write
            done = true;
          });
          late.detach();
        });
        creator.join();
        while (!done) std::this_thread::yield();
      },
      options(100));
  bool found = false;
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (diagnosis.kind != "use-after-free" || diagnosis.sites.empty()) continue;
    for (const Frame& frame : diagnosis.sites[0].stack) {
      found = found || frame.line == line_of(__FILE__, "late-write");
    }
  }
  EXPECT_TRUE(found) << describe(result);
}

/// Begins something in the background, and returns.
void begin_and_return(std::atomic<bool>* done) {
  // Deeper than what its thread calls later, whatever frames a compiler makes.
  struct {
    int mine = 1;
    char above[4000];
  } deep;
  std::thread late([&deep, done] {
    std::this_thread::yield();
    deep.mine = 2;  //~ after-return
    *done = true;
  });
  late.detach();
}

TEST(DeadStack, ADetachedThreadUsesWhatAFunctionHad) {
  const Result result = explore(
      [] {
        std::atomic<bool> done = false;
        begin_and_return(&done);
        while (!done) std::this_thread::yield();
      },
      options(100));
  bool found = false;
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (diagnosis.kind != "use-after-free" || diagnosis.sites.empty()) continue;
    EXPECT_NE(diagnosis.message.find("its function has returned"), std::string::npos);
    EXPECT_TRUE(diagnosis.confirmed);
    for (const Frame& frame : diagnosis.sites[0].stack) {
      found = found || frame.line == line_of(__FILE__, "after-return");
    }
  }
  EXPECT_TRUE(found) << describe(result);
}

// The later thread has the stack of the one that was joined.
TEST(DeadStack, ALaterThreadsFunctionHadIt) {
  const Result result = explore(
      [] {
        std::atomic<bool> done = false;
        std::thread([] {}).join();
        std::thread later([&done] {
          begin_and_return(&done);
          while (!done) std::this_thread::yield();
        });
        later.join();
      },
      options(100));
  bool found = false;
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (diagnosis.kind != "use-after-free" || diagnosis.sites.empty()) continue;
    for (const Frame& frame : diagnosis.sites[0].stack) {
      found = found || frame.line == line_of(__FILE__, "after-return");
    }
  }
  EXPECT_TRUE(found) << describe(result);
}

/// Waits for its thread in a call of its own: its variables are there all the while.
int ask_and_wait(int question) {
  int answer = 0;
  std::atomic<bool> done = false;
  std::thread other([&] {
    std::this_thread::yield();
    answer = question + 1;
    done = true;
  });
  while (!done) std::this_thread::yield();
  other.join();
  return answer;
}

TEST(DeadStack, AFunctionThatWaitsHasItsVariables) {
  expect_clean([] {
    int sum = 0;
    for (int i = 0; i < 3; ++i) sum += ask_and_wait(ask_and_wait(i));
    if (sum != 9) std::abort();
  });
}

TEST(DeadStack, WhatItSharesWithItsCreatorLives) {
  expect_clean([] {
    std::atomic<bool> done = false;
    std::thread creator([&done] {
      const auto shared = std::make_shared<int>(1);
      std::thread late([shared, &done] {
        std::this_thread::yield();
        *shared = 2;
        done = true;
      });
      late.detach();
    });
    creator.join();
    while (!done) std::this_thread::yield();
  });
}

TEST(DeadStack, LaterThreadsOnTheSameStackUseTheirOwnVariables) {
  expect_clean([] {
    for (int round = 0; round < 3; ++round) {
      std::thread first([] {
        int mine = 0;
        std::thread inner([&mine] { mine = 1; });
        inner.join();
      });
      first.join();
    }
  });
}

}  // namespace
}  // namespace chicane::tests
