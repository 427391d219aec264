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
  // An empty text in the flags was not given at all.
  const auto add = [&command](const std::string& name, std::string* text, const std::string& what) {
    command.add_option(name, *text, what)->check([](const std::string& value) {
      return value.empty() ? std::string("is given without a value") : std::string();
    });
  };
  add("--strategy", &flags->strategy, "See chicane list --strategies");
  add("--schedules", &flags->schedules, "Runs per program and leg, at most");
  add("--seed", &flags->seed, "Same seed, same runs (default 1)");
  add("--time", &flags->time,
      "How long to explore a program at most: 60s, 2m, 1h; what was found is made short after "
      "that, in as long again (2s at least)");
  add("--jobs", &flags->jobs, "Processes at a time");
  add("--shard", &flags->shard, "Only part i of n, as i/n; all parts are the whole");
  add("--step-limit", &flags->step_limit,
      "Operations of a run before it is led to its end, or taken to have none (default 20000)");
  for (const ParameterInfo& info : kParameters) {
    add(std::string("--") + info.name, &flags->parameters[info.name], info.what);
  }
}

}  // namespace chicane::runner
