// SPDX-License-Identifier: Apache-2.0
//
// How a suite is to be explored: `--chicane_schedules=10000` on its command line, else
// CHICANE_SCHEDULES=10000 in its environment. The names are those of `chicane run`'s options, with
// underscores (runner/explore_options.h), and those of kOwnFlags.
//
// Thread safety: one thread.
// Invariants:
//   I1. A flag that begins with --chicane_ and is unknown, or has no value or a wrong one, is an
//       error; in the environment only wrong values are.
#pragma once

#include <string>
#include <vector>

#include "chicane/chicane.h"

namespace chicane::googletest {

struct Settings {
  Options options;
  /// False: the suite runs as with plain GoogleTest.
  bool explore = true;
  /// A schedule file and its text; empty: none.
  std::string replay_file;
  Schedule replay;
  /// The test that the schedule is of.
  std::string replay_test;
};

/// Reads `arguments` (without the program's name); what begins with --chicane_ is taken out of
/// them. False with one line in `*error`.
bool read_settings(std::vector<std::string>* arguments, Settings* settings, std::string* error);

/// What --help says of the flags.
std::string flags_help();

}  // namespace chicane::googletest
