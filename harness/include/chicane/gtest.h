// SPDX-License-Identifier: Apache-2.0
//
// Chicane in GoogleTest. A suite that links chicane::gtest_main in the place of gtest_main needs
// nothing of this header: each of its TESTs is explored as it is. Inside an ordinary test, linked
// with chicane::runtime and any main:
//
//     TEST(Queue, PushAndPop) {
//       const auto program = [] { ... };
//       EXPECT_CHICANE_CLEAN(program);
//       EXPECT_CHICANE_DIAGNOSES(broken_program, "data-race");
//     }
//
// Each takes chicane::Options as a further argument. A failure's message has the diagnoses as a
// person reads them. The program is written outside of the macro: all lines of a macro's argument
// have one line number in the debug information, and diagnoses would name that one.
//
// Thread safety: as chicane::explore. In a suite with chicane::gtest_main a test that explores by
// itself is run once, without a second engine around it.
#pragma once

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "chicane/chicane.h"

namespace chicane {

namespace internal {

/// While it exists, a failed assertion in a run is a diagnosis of that run.
class FailuresAreDiagnoses : public testing::ScopedFakeTestPartResultReporter {
 public:
  FailuresAreDiagnoses() : ScopedFakeTestPartResultReporter(INTERCEPT_ALL_THREADS, &unused_) {}
  void ReportTestPartResult(const testing::TestPartResult& part) override {
    if (part.failed()) report_failed_assertion(part.message());
  }

 private:
  testing::TestPartResultArray unused_;
};

inline Result explore_test(const std::function<void()>& program, const Options& options) {
  const FailuresAreDiagnoses failures;
  return explore(program, options);
}

}  // namespace internal

/// Whether exploring `program` finds nothing. Assertions of GoogleTest in it count.
inline testing::AssertionResult is_clean(const std::function<void()>& program,
                                         const Options& options = {}) {
  const Result result = internal::explore_test(program, options);
  if (!result.error.empty()) {
    return testing::AssertionFailure() << "it could not be explored: " << result.error;
  }
  if (result.diagnoses.empty()) return testing::AssertionSuccess();
  testing::AssertionResult failure = testing::AssertionFailure();
  failure << "Expected: no diagnosis\n  Actual: " << result.diagnoses.size() << " in "
          << result.runs << " schedules";
  for (const Diagnosis& diagnosis : result.diagnoses) failure << "\n\n" << to_text(diagnosis);
  return failure;
}

/// Whether exploring `program` finds a diagnosis of this kind (it may find others, too).
inline testing::AssertionResult is_diagnosed(const std::function<void()>& program,
                                             const std::string& kind, const Options& options = {}) {
  if (!is_kind(kind)) {
    return testing::AssertionFailure()
           << "there is no kind of diagnosis '" << kind << "'; see chicane explain";
  }
  const Result result = internal::explore_test(program, options);
  if (!result.error.empty()) {
    return testing::AssertionFailure() << "it could not be explored: " << result.error;
  }
  for (const Diagnosis& diagnosis : result.diagnoses) {
    if (diagnosis.kind == kind) return testing::AssertionSuccess();
  }
  testing::AssertionResult failure = testing::AssertionFailure();
  failure << "Expected: a diagnosis of the kind " << kind
          << "\n  Actual: " << (result.diagnoses.empty() ? "none" : "only others") << " in "
          << result.runs << " schedules" << (result.exhausted ? ", in all interleavings" : "");
  for (const Diagnosis& diagnosis : result.diagnoses) failure << "\n\n" << to_text(diagnosis);
  return failure;
}

}  // namespace chicane

// Without EXPECT_TRUE's "Value of: ...": the message says what was expected.
#define CHICANE_EXPECT_(fail, ...)                                                  \
  GTEST_AMBIGUOUS_ELSE_BLOCKER_                                                     \
  if (const ::testing::AssertionResult chicane_result = (__VA_ARGS__)) /* NOLINT */ \
    ;                                                                               \
  else                                                                              \
    fail(chicane_result.failure_message())

/// EXPECT_CHICANE_CLEAN(program), EXPECT_CHICANE_CLEAN(program, options)
#define EXPECT_CHICANE_CLEAN(...) \
  CHICANE_EXPECT_(GTEST_NONFATAL_FAILURE_, ::chicane::is_clean(__VA_ARGS__))
#define ASSERT_CHICANE_CLEAN(...) \
  CHICANE_EXPECT_(GTEST_FATAL_FAILURE_, ::chicane::is_clean(__VA_ARGS__))
/// EXPECT_CHICANE_DIAGNOSES(program, "deadlock"), EXPECT_CHICANE_DIAGNOSES(program, kind, options)
#define EXPECT_CHICANE_DIAGNOSES(...) \
  CHICANE_EXPECT_(GTEST_NONFATAL_FAILURE_, ::chicane::is_diagnosed(__VA_ARGS__))
#define ASSERT_CHICANE_DIAGNOSES(...) \
  CHICANE_EXPECT_(GTEST_FATAL_FAILURE_, ::chicane::is_diagnosed(__VA_ARGS__))
