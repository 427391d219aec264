// SPDX-License-Identifier: Apache-2.0
//
// A diagnosis as a person reads it on a terminal:
//
//     data-race  two goroutines touch `counter`, nothing orders them data_races/unlocked_counter
//       bad.cc:12  ++counter;  write by goroutine 2, holding no lock
//       bad.cc:12  ++counter;  read by goroutine 1, holding no lock
//       declared   bad.cc:5  int counter = 0;
//       shortest schedule: 4 steps, 1 forced switch (was 61 steps)
//       | step | goroutine 1   | goroutine 2   | counter |
//       ...
//
// Thread safety: pure functions, but for the reading of source files.
// Invariants:
//   I1. Same diagnosis, same text: no address, process id, time or absolute path is printed.
//   I2. The first line begins with the kind and, width permitting, ends with the program.
//   I3. No line has more than 100 columns (prose and paths without spaces excepted).
#pragma once

#include <functional>
#include <map>
#include <string>

#include "chicane/chicane.h"
#include "report/source_map.h"

namespace chicane::report {

inline constexpr std::size_t kReportWidth = 100;

struct TerminalOptions {
  std::string program;
  /// How the reader calls the command.
  std::string command = "chicane";
  /// The command that shows the witness again, where that is not `chicane replay FILE`.
  std::string again;
  bool color = false;
  UserFile is_user = is_user_file;
  /// What the annotation of a line says to the learner, by "file:line", the file as in the debug
  /// information or its base name.
  std::map<std::string, std::string> prose;
  /// Where the fix can be seen ("good.cc:9"); may be empty.
  std::string fix_place;
  /// The fix in words; empty: what `chicane explain` knows of the kind.
  std::string fix;
  /// Where more is said of it; may be empty.
  std::string more;
  /// The text of a line of a file; empty when there is none. Replaced in tests.
  std::function<std::string(const std::string& file, int line)> source_line;
};

/// The whole text, each line ended by a newline.
std::string render(const Diagnosis& diagnosis, const TerminalOptions& options);

/// A line of a file without the white space around it and without a `//~` annotation; empty when
/// it cannot be read.
std::string read_source_line(const std::string& file, int line);

}  // namespace chicane::report
