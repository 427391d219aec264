// SPDX-License-Identifier: Apache-2.0
//
// Stands in a test's place: GoogleTest makes and runs it as it would the test, and it explores the
// test in child processes and reports what they found as its own failures.
//
// Thread safety: one thread.
// Invariants:
//   I1. A test in which there is nothing to choose (no concurrency) and nothing wrong but failed
//       assertions is run as plain GoogleTest runs it, in this process: same output, same effects.
//       So is one that has death tests, or explores by itself.
//   I2. Each diagnosis is one failure; a test whose exploration could not be done fails.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

#include "googletest/in_run.h"
#include "googletest/settings.h"

namespace chicane::googletest {

/// What was done, for the line at the end.
struct Statistics {
  std::uint64_t explored = 0, schedules = 0, complete = 0, sequential = 0, native = 0;
};

/// What all tests of the suite share.
struct Suite {
  Settings settings;
  std::string command;  // how this executable was called
  Notebook* notebook = nullptr;
  Statistics statistics;
  bool replayed = false;
  bool told_of_threads = false;
  int interrupted = 0;  // by this signal: no further test begins
};

/// Makes ExploringTests for the tests that `original` would make.
class ExploringFactory : public testing::internal::TestFactoryBase {
 public:
  ExploringFactory(const testing::TestInfo& info, testing::internal::TestFactoryBase* original,
                   Suite& suite)
      : info_(info), original_(original), suite_(suite) {}
  testing::Test* CreateTest() override;

 private:
  const testing::TestInfo& info_;
  std::unique_ptr<testing::internal::TestFactoryBase> original_;
  Suite& suite_;
};

/// "Suite.Test"
std::string full_name(const testing::TestInfo& info);

}  // namespace chicane::googletest
