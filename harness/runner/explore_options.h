// SPDX-License-Identifier: Apache-2.0
//
// The options that say how to explore, in one place for every command that does (`chicane run`,
// `chicane explore`, the workers):
//
//     --strategy S  --schedules N  --seed N  --time 60s  --jobs N  --shard i/n  --step-limit N
//     and one for each row of kParameters: --depth N, ...
//
// A command uses them in three steps: `add_explore_flags` (explore_flags.h) describes them to
// CLI11, `read_explore_flags` checks what was written and says in one line what is wrong with it,
// and then either `apply` fills an Options for an exploration in this process, or
// `explore_arguments` hands them to another process that reads them in the same way, or by
// `split_arguments`.
//
// To add a parameter of a strategy: a row in kParameters, its name in the strategies' rows
// (strategy_names.h), a member of Options, a line in `apply`.
//
// Thread safety: pure functions.
// Invariants:
//   I1. A parameter that the chosen strategy does not have is an error that names those it has.
//   I2. read(explore_arguments(x)) == x.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "chicane/chicane.h"

namespace chicane::runner {

/// As written; an empty text was not given.
struct ExploreFlags {
  std::string strategy, schedules, seed, time, jobs, shard, step_limit;
  std::map<std::string, std::string> parameters;  // by name, without dashes
};

/// What was written means this; what was not given is the receiver's default.
struct ExploreSettings {
  std::string strategy;
  std::optional<std::uint64_t> schedules;
  std::uint64_t seed = 1;
  std::optional<double> time_limit;  // seconds
  std::optional<unsigned> jobs;
  unsigned shard = 1, shards = 1;  // from 1, as written
  std::optional<std::uint64_t> step_limit;
  std::map<std::string, std::uint64_t> parameters;
  bool operator==(const ExploreSettings&) const = default;
};

/// False with one line in `*error` when something is wrong.
bool read_explore_flags(const ExploreFlags& flags, ExploreSettings* settings, std::string* error);

/// For this process.
void apply(const ExploreSettings& settings, Options* options);
/// For another process: {"--seed", "1", ...}.
std::vector<std::string> explore_arguments(const ExploreSettings& settings);
/// What `explore_arguments` made, as flags again: without CLI11, whose static objects would be
/// destroyed at each exit of a program under test. False when it did not make these.
bool split_arguments(const std::vector<std::string>& arguments, ExploreFlags* flags);

/// "60s", "500ms", "1.5m", "2h", "90" (seconds) -> seconds. False with `*error` when it is no
/// duration, or none that leaves time for anything.
bool parse_duration(const std::string& flag, const std::string& text, double* seconds,
                    std::string* error);
/// "2/5": the second of five. False with `*error` when it is none.
bool parse_shard(const std::string& text, unsigned* shard, unsigned* shards, std::string* error);

}  // namespace chicane::runner
