// SPDX-License-Identifier: Apache-2.0
//
// `use-after-free` of variables of threads that have ended, and of functions that have returned.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "expect.h"

namespace chicane::tests {
namespace {

/// Whether a use of a variable that is no more is found, in a call from the line tagged `tag`, with
/// these words and a schedule that shows it.
void expect_used_after(const Result& result, const std::string& tag, const std::string& words) {
  const int line = line_of(__FILE__, tag);
  const bool found = std::any_of(
      result.diagnoses.begin(), result.diagnoses.end(), [&](const Diagnosis& diagnosis) {
        if (diagnosis.kind != "use-after-free" || diagnosis.sites.empty()) return false;
        const std::vector<Frame>& stack = diagnosis.sites[0].stack;
        return diagnosis.confirmed && diagnosis.message.find(words) != std::string::npos &&
               std::any_of(stack.begin(), stack.end(),
                           [line](const Frame& frame) { return frame.line == line; });
      });
  EXPECT_TRUE(found) << describe(result);
}

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
  expect_used_after(result, "late-write", "that has ended");
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
  expect_used_after(result, "after-return", "its function has returned");
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
  expect_used_after(result, "after-return", "its function has returned");
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
