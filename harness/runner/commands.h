// SPDX-License-Identifier: Apache-2.0
//
// The subcommands of `chicane`. Each `add_...` describes its options to CLI11; when its subcommand
// is the one that was called, it does the work and leaves the exit code.
//
//     0 as expected    1 a finding, or an annotation not met    2 usage    77 unavailable
//
// Thread safety: main thread only.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "runner/problem.h"  // IWYU pragma: export

namespace chicane::runner {

inline constexpr int kExitExpected = 0;
inline constexpr int kExitFinding = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitUnavailable = 77;

void add_list(CLI::App& app, int* exit_code);
void add_run(CLI::App& app, int* exit_code);
void add_explore(CLI::App& app, int* exit_code);
void add_replay(CLI::App& app, int* exit_code);
void add_shrink(CLI::App& app, int* exit_code);
void add_explain(CLI::App& app, int* exit_code);
void add_doctor(CLI::App& app, int* exit_code);

/// Prints "chicane: error: what" and, below it, what to do; returns kExitUsage.
int usage_error(const std::string& what, const std::string& instead = {});

/// The folder of this command's own binary.
std::string own_folder();
/// Where the catalogue is when nobody says: beside the sources this was built from, else
/// ./scenarios.
std::string default_scenarios();
/// build/race, beside build/bin.
std::string default_race_dir();

}  // namespace chicane::runner
