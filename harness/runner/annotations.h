// SPDX-License-Identifier: Apache-2.0
//
// Annotations: what a scenario's source promises, on the very line where it must be found.
//
//     ++counter;  //~ data-race#counter write [tsan sched]: both write, nothing orders them
//
// Grammar:
//
//     line       = "//~" entry { ";" entry }  |  "//~ none"
//     entry      = [ "gap" ] kind "#" id [ role ] "[" leg { leg } "]" [ ":" prose ]
//     id         = one or more of a-z 0-9 _ -
//     role       = words, for the reader ("write", "takes b")
//     prose      = at most 100 characters, without ";"
//
// A comment stands for the line that it is on. `none` says that nothing may be found in the file.
//
// Thread safety: pure functions.
// Invariants:
//   I1. Text that is not an annotation but was meant as one is an error, never ignored.
//   I2. Every error has line, column and what to write instead.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runner/problem.h"

namespace chicane::runner {

inline constexpr std::size_t kMaxProse = 100;

/// One entry.
struct Annotation {
  int line = 0;
  int column = 0;
  bool gap = false;
  std::string kind;
  std::string id;
  std::string role;
  std::vector<std::string> legs;
  std::string prose;

  bool lists(std::string_view leg) const;
  /// "data-race#counter"
  std::string name() const { return kind + "#" + id; }
};

/// What a file promises.
struct Annotations {
  std::vector<Annotation> entries;
  /// The line that says `//~ none`, or 0.
  int none_line = 0;
};

/// Reads the annotations of the source text `text` of `file` (a name for errors). Errors are
/// appended to `*problems`; what could be read is returned.
Annotations parse_annotations(const std::string& file, std::string_view text,
                              std::vector<Problem>* problems);

}  // namespace chicane::runner
