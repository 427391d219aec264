// SPDX-License-Identifier: Apache-2.0
//
// What an exploration did, in a person's words.
//
// Thread safety: pure function.
#pragma once

#include <string>

#include "chicane/chicane.h"
#include "engine/strategy.h"

namespace chicane::runner {

/// Fills in `distinct_behaviours`, `summary`, `guarantee` and `bound`, from what the strategies say
/// and from `runs`, `exhausted` and `ended_by`.
void summarize(const engine::StrategyReport& report, const Options& options, Result* result);

/// Of an exploration that has come to its end, from its guarantee: ", but for ..."; empty: nothing
/// was left out.
inline std::string exception_of(const Result& result) {
  const std::size_t at = result.guarantee.find(", but for ");
  return at != std::string::npos ? result.guarantee.substr(at) : std::string();
}

}  // namespace chicane::runner
