// SPDX-License-Identifier: Apache-2.0
//
// For the end-to-end tests: a program is explored, and what is found is compared with what the test
// names, exactly. Lines are named by a comment `//~ tag` at their end, whose tag is unique in its
// file:
//
//     expect_found(program, {"data-race write@first read@second"});
//
// means: one diagnosis, its kind is data-race, it has two sites, in these roles at these lines; it
// is confirmed, and its schedule shows it again. "data-race @first @second" leaves the roles open
// (which of two racing accesses of a `++` is seen first is the schedule's business). A role alone
// ("crashes") is a site whose line does not matter.
//
// These are functions, not macros: the lines of a lambda in a macro's argument are all one.
//
// Thread safety: test code; one thread. Tally may be used in programs.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <source_location>
#include <string>
#include <thread>
#include <vector>

#include "chicane/chicane.h"

namespace chicane::tests {

using Program = std::function<void()>;

/// What a test explores with unless it says otherwise.
Options options(std::uint64_t schedules = 500);
/// Random ones, and so many whatever is proven before.
Options samples(std::uint64_t schedules = 500);

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
::testing::AssertionResult finds(const char* file, const Program& program,
                                 const std::vector<std::string>& expected, const Options& with);

using Here = std::source_location;
/// Fails the test unless `is_clean`.
void expect_clean(const Program& program, const Options& with = options(),
                  Here here = Here::current());
/// Fails the test unless `finds`.
void expect_found(const Program& program, const std::vector<std::string>& expected,
                  const Options& with = options(), Here here = Here::current());

/// Runs the bodies in threads of their own, and joins them.
template <class... Bodies>
void together(Bodies... bodies) {
  std::vector<std::thread> threads;
  (threads.emplace_back(bodies), ...);
  for (std::thread& thread : threads) thread.join();
}

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
