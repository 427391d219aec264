// SPDX-License-Identifier: Apache-2.0
//
// What `chicane run --json` writes: one object with the fixed names of a result (sums over all
// cells; `diagnoses` of all, each with its `scenario`), and beside them
//
//     exit         the exit code
//     scenarios    one object per cell: scenario, family, pitfall, form, leg, status, runs,
//     seconds,
//                  expected ("kind#id"), reported (kinds), error, log
//     failures     leg, file, line, what, reported, next
//     problems     file, line, column, what, instead: what is wrong with the catalogue itself
//
// Thread safety: pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "runner/problem.h"
#include "runner/session.h"

namespace chicane::runner {

nlohmann::json to_json(const std::vector<FileRun>& runs, const std::vector<Problem>& problems,
                       const LegOptions& options, int exit_code);

}  // namespace chicane::runner
