// SPDX-License-Identifier: Apache-2.0
//
// Result <-> JSON: what `--json` writes, and what a worker process hands to the `chicane` command.
// The field names are fixed: runs, blocked, exhausted, runs_per_second, strategy, seed,
// first_finding_run, diagnoses (kind, message, confirmed, leg, sites (file, line, function, role,
// thread), witness, forced_switches); others may be added, none renamed.
//
// Thread safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "chicane/chicane.h"

namespace chicane::report {

/// The whole result, stacks and steps included.
nlohmann::json to_json(const Result& result);
/// The same as text, indented, with a newline at its end; bytes that are not UTF-8 are replaced.
std::string to_text(const Result& result);
/// The inverse; unknown fields are ignored, missing ones keep their defaults. On malformed text
/// returns false and says why in `*error`.
bool from_json(const std::string& text, Result* result, std::string* error);

}  // namespace chicane::report
