// SPDX-License-Identifier: Apache-2.0
//
// Shows a diagnosis of a catalogue's program: with the prose of its annotations in the margin and
// the line of good.cc where the fix is.
//
// Thread safety: pure functions, but for the reading of source files.
#pragma once

#include <string>
#include <vector>

#include "runner/session.h"

namespace chicane::runner {

/// The text of one diagnosis of `file`, as report/terminal.h lays it out.
std::string show_diagnosis(const Diagnosis& diagnosis, const Pitfall& pitfall,
                           const ScenarioFile& file, bool colour);

/// The text of the diagnoses of a file that a person should see: of each defect the first, in the
/// order of the legs; none twice. Unconfirmed ones are a line each.
std::string show_diagnoses(const FileRun& run, bool colour);

/// Where `good` first differs from `bad`: "good.cc:9", or "" when it does not.
std::string fix_place(const ScenarioFile& bad, const ScenarioFile& good);

}  // namespace chicane::runner
