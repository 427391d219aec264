// SPDX-License-Identifier: Apache-2.0
//
// Starts a whole program that has Chicane's runtime in it, for an exploration or a replay.
//
// Thread safety: main thread only (it changes this process's environment for the program's).
#pragma once

#include <string>
#include <vector>

#include "chicane/chicane.h"
#include "runner/program_session.h"

namespace chicane::runner {

struct ProgramResult {
  Result result;
  double seconds = 0;
  /// What the recorded runs wrote.
  std::string output;
};

/// Runs `session.command` as the session says. Where that cannot be done, `Result::error` says why.
ProgramResult run_program(const Session& session);

/// The same under another program, with the terminal: `debugger` are its name and arguments, before
/// those of the session's command. Returns its exit status; -1 with errno when it cannot be
/// started.
int run_under(const std::vector<std::string>& debugger, const Session& session);

/// Makes standard input a file that each run can read from its beginning: its path, empty when
/// there is none. What is no file is copied to `folder`. False with `*error` when it is too long.
bool keep_standard_input(const std::string& folder, std::string* path, std::string* error);

}  // namespace chicane::runner
