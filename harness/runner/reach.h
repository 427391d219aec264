// SPDX-License-Identifier: Apache-2.0
//
// How far a clean result goes, in words: a proof within the bounds of the program's input, or the
// number of schedules that showed nothing.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <vector>

#include "runner/session.h"

namespace chicane::runner {

/// "proven: all 1,680 interleavings"; "1,000 schedules, portfolio"; "12,345 schedules until the
/// time was up, pct".
std::string reach_of(const Result& result);

/// What the runs of a search through all there is were: "20 executions, 0 blocked (nothing new), 27
/// probes or repeats; 51,200 schedules/s"; "" for others.
std::string search_of(const Result& result);

/// Of each good program under the leg sched a line, below a line that counts the proven ones; ""
/// when there is none.
std::string render_reach(const std::vector<FileRun>& runs);

}  // namespace chicane::runner
