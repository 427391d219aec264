// SPDX-License-Identifier: Apache-2.0
//
// Where the racy accesses of a schedule file are in the program as it is now, which may be another
// build: by function and place in it, or, where the function has changed, by the line.
//
// Thread safety: one thread; outside of runs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/symbolizer.h"
#include "witness/schedule_file.h"

namespace chicane::runner {

/// Adds their code addresses to `*sites`. False when one is no longer there; `*error` then says
/// which. `same_build`: the program's file is the one that the schedule was made with.
bool find_racy_sites(const witness::ScheduleFile& file, bool same_build,
                     report::Symbolizer& symbolizer, std::vector<std::uint64_t>* sites,
                     std::string* error);

}  // namespace chicane::runner
