// SPDX-License-Identifier: Apache-2.0
//
// Whether an entry of a trace happens before another one: by program order, and what synchronizes.
//
// Thread safety: values. Cost: one pass over the entries between the two.
#pragma once

#include <cstddef>

#include "monitors/run_trace.h"

namespace chicane::monitors {

/// Whether entries[from] happens before entries[to]; from <= to.
bool happens_before(const RunTrace& trace, std::size_t from, std::size_t to);

}  // namespace chicane::monitors
