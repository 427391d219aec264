// SPDX-License-Identifier: Apache-2.0
//
// For the end-to-end tests: a program is explored, and what is found is compared with what the test
// names, exactly. Lines are named by a comment `//~ tag` at their end, whose tag is unique in its
// file:
//
//     EXPECT_FOUND(program, "data-race write@first read@second");
//
// means: one diagnosis, its kind is data-race, it has two sites, in these roles at these lines; it
// is confirmed, and its schedule shows it again. "data-race @first @second" leaves the roles open
// (which of two racing accesses of a `++` is seen first is the schedule's business). A role alone
// ("crashes") is a site without a line.
//
// Thread safety: test code; one thread. Tally may be used in programs.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "chicane/chicane.h"

namespace chicane::tests {

using Program = std::function<void()>;

/// What a test explores with unless it says otherwise.
Options options(std::uint64_t schedules = 500);

/// "data-race write@12 read@14", for each diagnosis a line.
std::string describe(const Result& result);
/// The line of `//~ tag` in `file`; 0 (and a failure) when it is not there exactly once.
int line_of(const std::string& file, const std::string& tag);
/// Whether these diagnoses and no others are in `result`.
::testing::AssertionResult has_exactly(const Result& result, const char* file,
                                       const std::vector<std::string>& expected);

/// Whether `program` is silent, and all schedules were run.
::testing::AssertionResult is_clean(const Program& program, const Options& with = options());
/// Whether exactly the expected is found, and each schedule shows its diagnosis again.
::testing::AssertionResult finds(const char* file, const Program& program, const Options& with,
                                 const std::vector<std::string>& expected);

#define EXPECT_CLEAN(program) EXPECT_TRUE(::chicane::tests::is_clean(program))
#define EXPECT_FOUND(program, ...)                                                           \
  EXPECT_TRUE(::chicane::tests::finds(__FILE__, program, ::chicane::tests::options(), \
                                      {__VA_ARGS__}))
#define EXPECT_FOUND_WITH(with, program, ...) \
  EXPECT_TRUE(::chicane::tests::finds(__FILE__, program, with, {__VA_ARGS__}))

/// Counts over all runs of an exploration: in memory that children share with the test, and out of
/// the race monitor's sight.
class Tally {
 public:
  static constexpr int kSlots = 64;
  Tally();
  ~Tally();
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;
  void count(int slot) const;
  long operator[](int slot) const;

 private:
  long* slots_;
};

}  // namespace chicane::tests
