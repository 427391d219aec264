// SPDX-License-Identifier: Apache-2.0
//
// What making a witness and replaying one have in common.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "chicane/chicane.h"
#include "engine/finding.h"

namespace chicane::runner {

/// "bad.cc:12": the innermost place in the user's code; "" when there is none.
std::string place_of(const std::vector<Frame>& stack);
/// What makes two diagnoses one for a reader: the kind and the lines.
std::string key_of(const Diagnosis& diagnosis);

/// The part of a trace that a reader can use: operations, and the accesses that the finding is
/// about; of a long one its beginning and its end.
std::vector<engine::TraceRecord> worth_telling(std::span<const engine::TraceRecord> trace,
                                               const engine::Finding& finding,
                                               const std::vector<std::uint64_t>& racy_sites);

}  // namespace chicane::runner
