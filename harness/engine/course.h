// SPDX-License-Identifier: Apache-2.0
//
// A run told by its stretches: who ran, each time until it had done so many operations in all.
// Where a list of choices says "the 17th choice was thread 2", a course says "thread 2 until its
// 9th operation", which means the same when what was before it is left out: shrinking works on
// courses (witness/straighten.h).
//
// Thread safety: plain data. Invariants:
//   I1. The same schedule gives the same course: operations are counted, never choices offered.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/operation.h"

namespace chicane::engine {

/// A thread goes on until it has done `until` operations since its start.
struct Stretch {
  ThreadId thread;
  std::uint32_t until;
};

/// What the `number`-th outcome (from 0) that a thread was asked for was.
struct OutcomeOf {
  ThreadId thread;
  std::uint32_t number;
  std::uint32_t chosen;
};

struct Course {
  std::vector<Stretch> stretches;
  std::vector<OutcomeOf> outcomes;  // but for those that were the first
};

/// The course of a run, written by its process into memory that the reader shares.
struct CourseLog {
  static constexpr std::uint32_t kMost = 1 << 16;
  bool truncated = false;
  std::uint32_t stretch_count = 0, outcome_count = 0;
  Stretch stretches[kMost];
  OutcomeOf outcomes[kMost];

  Course course() const {
    return {{stretches, stretches + stretch_count}, {outcomes, outcomes + outcome_count}};
  }
};

}  // namespace chicane::engine
