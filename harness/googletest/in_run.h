// SPDX-License-Identifier: Apache-2.0
//
// One run of a test, in a child process: the original test is made, run and destroyed as GoogleTest
// does it, and what it reports becomes findings.
//
// Thread safety: `TestRun` is called by the program's main thread; the reporter by any of its
// threads.
// Invariants:
//   I1. A failed assertion does not end its run: as in GoogleTest, only ASSERT_ leaves its
//   function. I2. GoogleTest's own locks are neither operations nor happens-before edges of the
//   program: a
//       failure and a SCOPED_TRACE hide nothing.
#pragma once

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include "googletest/notebook.h"

namespace chicane::googletest {

/// While it exists, failures and skips of all threads are those of runs of `info`.
class RunReporter : public testing::ScopedFakeTestPartResultReporter {
 public:
  RunReporter(const testing::TestInfo& info, Notebook& notebook);
  void ReportTestPartResult(const testing::TestPartResult& part) override;

 private:
  const testing::TestInfo& info_;
  Notebook& notebook_;
  testing::TestPartResultArray unused_;
};

/// The program that is explored.
struct TestRun {
  const testing::TestInfo* info;
  testing::internal::TestFactoryBase* factory;
  Notebook* notebook;
  bool quiet;  // what the test prints is not shown
  void operator()() const;
};

/// In a run: ends it, and has the test run without the engine (Notebook::ask_for_native).
/// Elsewhere: returns.
void leave_run_for_native(const char* why);

}  // namespace chicane::googletest
