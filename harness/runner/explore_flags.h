// SPDX-License-Identifier: Apache-2.0
//
// The options that say how to explore, described to CLI11. Not for what is linked into programs
// under test (explore_options.h says why).
//
// Thread safety: pure functions.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "runner/explore_options.h"
#include "runner/strategy_names.h"

namespace chicane::runner {

/// The flags must live as long as `command`.
inline void add_explore_flags(CLI::App& command, ExploreFlags* flags) {
  command.add_option("--strategy", flags->strategy, "See chicane list --strategies");
  command.add_option("--schedules", flags->schedules, "Runs per program and leg, at most");
  command.add_option("--seed", flags->seed, "Same seed, same runs (default 1)");
  command.add_option("--time", flags->time, "How long to explore a program at most: 60s, 2m, 1h");
  command.add_option("--jobs", flags->jobs, "Processes at a time");
  command.add_option("--shard", flags->shard, "Only part i of n, as i/n; all parts are the whole");
  for (const ParameterInfo& info : kParameters) {
    command.add_option(std::string("--") + info.name, flags->parameters[info.name], info.what);
  }
}

}  // namespace chicane::runner
