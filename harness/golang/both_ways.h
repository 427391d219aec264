// SPDX-License-Identifier: Apache-2.0
//
// For the tests of Go's vocabulary: a body that must hold on native threads and in every explored
// schedule.
//
// Thread safety: test code; one thread.
#pragma once

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>
#include <string>

#include "chicane/chicane.h"
#include "chicane/golang/panic.h"

extern "C" void __assert_fail(const char*, const char*, unsigned, const char*) noexcept;

namespace chicane::golang {

/// An assertion of a body: fails the native test process, and is a finding under the engine.
#define must(condition) \
  ((condition) ? void() : __assert_fail(#condition, __FILE__, __LINE__, __func__))

/// The kind of the panic that f throws; "none" when it throws none.
template <class F>
std::string panic_kind(F&& f) {
  try {
    f();
  } catch (const Panic& panic) {
    return panic.kind();
  }
  return "none";
}

using Kinds = std::set<std::string>;

inline Kinds kinds_of(const Result& result) {
  Kinds kinds;
  for (const Diagnosis& diagnosis : result.diagnoses) kinds.insert(diagnosis.kind);
  return kinds;
}

/// Explores `body`: exactly these kinds are found.
inline void only_explored(const std::function<void()>& body, const Kinds& expected) {
#ifndef CHICANE_GOLANG_TEST_NATIVE_ONLY
  Options options;
  options.schedules = 300;
  options.shrink = false;
  const Result result = explore(body, options);
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(kinds_of(result), expected);
#else
  (void)body;
  (void)expected;
#endif
}

/// Runs `body` natively some times, then explores it.
inline void both_ways(const std::function<void()>& body, const Kinds& expected = {}) {
  for (int i = 0; i < 20; ++i) body();
  only_explored(body, expected);
}

}  // namespace chicane::golang
