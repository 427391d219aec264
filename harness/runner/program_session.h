// SPDX-License-Identifier: Apache-2.0
//
// What the `chicane` command and a whole program that it starts say to each other. The command
// makes a folder with the request, and starts the program with CHICANE_SESSION naming the folder;
// the runtime in the program then does what the request says instead of calling main, and leaves
// the result there.
//
//     <folder>/request   Session, as JSON
//     <folder>/result    Result, as JSON (report/result_json.h)
//     <folder>/progress  a line that says how far it is, while it goes on
//     <folder>/log       what the program and its runtime wrote beside the runs
//     <folder>/stdin     what each run reads as its standard input, where that was a pipe
//
// Thread safety: values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chicane::runner {

enum class Isolation : std::uint8_t { kRun, kBatch };

/// Its name on the command line.
const char* to_string(Isolation isolation);
bool parse_isolation(const std::string& name, Isolation* isolation);

struct Session {
  /// How to explore, as options of runner/explore_options.h.
  std::vector<std::string> arguments;
  std::string leg = "sched";
  Isolation isolation = Isolation::kRun;
  /// An absolute path, and the arguments: for schedule files.
  std::vector<std::string> command;
  /// The program's name, for messages and schedule files.
  std::string program;
  std::string witness_dir;
  /// A schedule file's text: it is replayed; empty: the program is explored.
  std::string schedule;
  /// What is done with the schedule instead of a replay: it is shortened, or (not `shorten` but
  /// `check`) seen to be 1-minimal.
  bool shorten = false, check = false;
  /// The witnesses of an exploration are left as they were found.
  bool as_found = false;
  /// Of a replay: see Options.
  bool whole_trace = false;
  std::uint64_t stop_at_step = 0;
  /// The file that each run reads as its standard input; empty: there is nothing to read.
  std::string standard_input;
  /// Whether standard input is a terminal: a program that reads from `standard_input` then is
  /// refused.
  bool terminal = false;
  /// Whether the output of every run is shown; else only that of recorded runs is kept.
  bool show_output = false;
  /// Exit statuses other than 0 that are no finding; -1: every one.
  std::vector<int> allowed_statuses;
  bool operator==(const Session&) const = default;
};

/// The environment variable that names the folder.
inline constexpr const char* kSessionVariable = "CHICANE_SESSION";
/// The dynamic linker's: set so by the command, it has every library bound when the template of the
/// runs is made, and not in each run anew.
inline constexpr const char* kBindVariable = "LD_BIND_NOW";
inline constexpr const char* kBindMark = "chicane";

std::string to_text(const Session& session);
/// False with `*error` when `text` is no request.
bool from_text(const std::string& text, Session* session, std::string* error);

}  // namespace chicane::runner
