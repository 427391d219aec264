// SPDX-License-Identifier: Apache-2.0
//
// Shows the run of a witness event by event: `chicane replay --trace` at once, `--step` as a person
// asks for them. The run has been made before; what a thread is about to do is what it did next.
//
// Thread safety: pure functions, but for the streams and for reading source files.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "chicane/chicane.h"

namespace chicane::runner {

/// A line per event: step, '>' for a forced switch, thread, operation, object, value, place.
std::string render_trace(const Diagnosis& diagnosis);

/// One event for each line read from `in`: an empty one is the next event, a number so many, "s" on
/// to the next forced switch, "c" on to the end, "q" quits. The end of `in` quits too.
void step_through(const Diagnosis& diagnosis, std::istream& in, std::ostream& out);

/// The step after which the defect cannot be missed any more: that of the last forced switch, or of
/// the last event where there is none; 0 when no event is known.
std::uint64_t decisive_step(const Diagnosis& diagnosis);

}  // namespace chicane::runner
