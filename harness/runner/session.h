// SPDX-License-Identifier: Apache-2.0
//
// Runs many cells of the matrix, several at a time, and judges each file when its legs are done.
//
// Thread safety: `run_session` starts threads of its own and joins them; its results are values.
// Invariants:
//   I1. The results are in the order of the request, whatever the order in which cells end.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runner/legs.h"
#include "runner/match.h"
#include "runner/matrix.h"

namespace chicane::runner {

/// One file under its legs.
struct FileRun {
  const Pitfall* pitfall = nullptr;
  const ScenarioFile* file = nullptr;
  std::vector<std::string> legs;
  std::vector<CellResult> cells;  // one per leg
  Verdict verdict;
  bool judged = false;  // false when an interrupt came before all its legs were done

  /// "locks/defer_in_loop/bad"
  std::string program() const { return pitfall->id() + "/" + file->form; }
};

/// Fills `cells` and `verdict` of each of `runs`, with `jobs` workers at a time. After an interrupt
/// (process.h) no further cell begins.
void run_session(std::vector<FileRun>* runs, unsigned jobs, const LegOptions& options,
                 Progress* progress);

}  // namespace chicane::runner
