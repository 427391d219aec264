// SPDX-License-Identifier: Apache-2.0
//
// Runs one cell of the matrix: one scenario file under one leg. The legs that execute the program
// start a worker (build/bin/scenarios_sched, scenarios_tsan), a process of its own with a limit on
// its wall clock; the leg `thread-safety` reads what clang said when the scenario was compiled.
//
// Thread safety: `run_cell` may be called from several threads, for different cells.
// Invariants:
//   I1. A leg that did not do its work never looks as if it had found nothing: `Result::error` says
//       why, and `unavailable` whether that is the machine's lack.
#pragma once

#include <string>
#include <vector>

#include "chicane/chicane.h"
#include "runner/discovery.h"
#include "runner/explore_options.h"
#include "runner/native_counts.h"

namespace chicane::runner {

/// Where things are, and what all cells share.
struct LegOptions {
  std::string worker_dir;   // has the workers
  std::string diag_dir;     // has <family>/<pitfall>/<form>.cc.diag
  std::string witness_dir;  // gets the witnesses; must exist
  std::string work_dir;     // gets logs and the workers' JSON; must exist
  ExploreSettings explore;  // of each cell; what is not given is the worker's default
  double limit_seconds = 45;
  unsigned native_runs = 0;  // of the leg tsan, on free threads besides
  bool shrink = true;        // witnesses
};

struct CellResult {
  Result result;
  double seconds = 0;
  std::string log;  // what the worker printed; empty when there was none
  NativeCounts native;
};

CellResult run_cell(const Pitfall& pitfall, const ScenarioFile& file, const std::string& leg,
                    const LegOptions& options);

/// Has the worker of `leg` do something with a schedule of `program` ("locks/x/bad"), as
/// `arguments` say: {"--replay", FILE}.
CellResult witness_cell(const std::string& program, const std::string& leg,
                        const std::vector<std::string>& arguments, const LegOptions& options);

/// What the names of a cell's files begin with: "defer_in_loop.sched",
/// "defer_in_loop_std.good.tsan"
std::string cell_name(const std::string& pitfall, const std::string& form, const std::string& leg);

/// `path` as a person in the current folder would write it.
std::string shown_path(const std::string& path);

}  // namespace chicane::runner
