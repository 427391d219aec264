// SPDX-License-Identifier: Apache-2.0
//
// The first part of shrinking, for witnesses with many forced switches: leaves out whole stretches
// of the run (engine/course.h), as many at a time as can be. Of a random walk of a thousand steps
// some fifty tries leave a handful of switches. Of these few it also asks if fewer do when a thread
// that was left goes on as far as it can; shrink.h makes of the rest the fewest.
//
// Thread safety: none of its own; `test` is called from the caller's thread.
// Invariants:
//   I1. The result is what some call of `test` returned, or the initial choices.
//   I2. It costs no more than the initial choices (witness::Cost).
//   I3. Same course and same answers of `test`: same result.
//   I4. `test` is called at most `budget` times.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "engine/course.h"
#include "witness/shrink.h"

namespace chicane::witness {

/// Runs the program along a course as far as it fits. The choices that were made when the run made
/// the same diagnosis; else nothing.
using CourseTest = std::function<std::optional<Choices>(const engine::Course&)>;

struct Straightened {
  Choices choices;
  std::size_t tests = 0;
};

/// `course` is that of the run which made `choices`.
Straightened straighten(const engine::Course& course, const Choices& choices,
                        const CourseTest& test, std::size_t budget);

}  // namespace chicane::witness
