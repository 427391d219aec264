// SPDX-License-Identifier: Apache-2.0
//
// What an exploration did, in a person's words.
//
// Thread safety: pure function.
#pragma once

#include "chicane/chicane.h"
#include "engine/strategy.h"

namespace chicane::runner {

/// Fills in `distinct_behaviours`, `summary`, `guarantee` and `bound`, from what the strategies say
/// and from `runs`, `exhausted` and `ended_by`.
void summarize(const engine::StrategyReport& report, const Options& options, Result* result);

}  // namespace chicane::runner
