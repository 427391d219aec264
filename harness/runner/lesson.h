// SPDX-License-Identifier: Apache-2.0
//
// The lesson of a pitfall: `lesson.md`, TOML front matter between two lines `+++`, then prose.
//
//     +++
//     title = "A counter that several goroutines increment without a lock"
//     family = "data_races"
//     pitfall = "A1"
//     notes = ["S3:35-49"]
//     kinds = ["data-race"]
//     references = ["CWE-362", "CERT CON43-C"]
//     negative = true              # optional: a correct program on which every leg is silent
//     [budget]                     # optional
//     schedules = 2000
//     +++
//     ## The rule
//     ## How to spot it in review
//     ## What happens
//     ## The fix
//     ## Which legs see it
//
// Thread safety: pure functions.
// Invariants:
//   I1. The sections are there, in this order, and none is empty.
//   I2. Unknown keys are errors: a misspelt one would be ignored otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runner/problem.h"

namespace chicane::runner {

struct Lesson {
  std::string title;
  std::string family;
  std::string pitfall;  // its id in the catalogue, "A1"
  std::vector<std::string> notes;
  std::vector<std::string> kinds;
  std::vector<std::string> references;
  bool negative = false;
  /// Schedules per leg, when the default is not right for it; 0: the default.
  std::uint64_t schedules = 0;
};

/// The sections that every lesson has, in order.
const std::vector<std::string>& lesson_sections();

/// What a placeholder of `scripts/new-pitfall` begins with; filled-in files have none.
inline constexpr std::string_view kPlaceholder = "TODO(new-pitfall)";

/// Reads the lesson `text` of `file` (a name for errors). Errors are appended to `*problems`; what
/// could be read is returned.
Lesson parse_lesson(const std::string& file, std::string_view text, std::vector<Problem>* problems);

/// Appends a problem for every line of `text` that still is a placeholder.
void find_placeholders(const std::string& file, std::string_view text,
                       std::vector<Problem>* problems);

}  // namespace chicane::runner
