// SPDX-License-Identifier: Apache-2.0
//
// `use-after-free` of variables of threads that have ended.
#include <atomic>
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
