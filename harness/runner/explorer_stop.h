// SPDX-License-Identifier: Apache-2.0
//
// A monitor that finds nothing: it calls a function at which a debugger can stop.
//
// Thread safety: engine context.
#pragma once

#include <cstdint>
#include <memory>

#include "engine/monitor.h"

namespace chicane::runner {

/// Calls `chicane_decisive_step` once, after the first event from `step` on.
std::unique_ptr<engine::Monitor> make_stop_monitor(std::uint64_t step);

}  // namespace chicane::runner
