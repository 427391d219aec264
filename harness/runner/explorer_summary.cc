// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_summary.h"

#include "runner/numbers.h"

namespace chicane::runner {

void summarize(const engine::StrategyReport& report, const Options& options, Result* result) {
  result->distinct_behaviours = report.behaviours.size();
  result->guarantee = report.guarantee;
  result->bound = report.bound;
  if (result->runs == 0) return;
  const std::string where = options.shards > 1 ? " of this shard" : "";
  std::string seen = counted(result->runs, "schedule") + where;
  if (result->distinct_behaviours != 0) {
    seen = (report.more_behaviours ? "at least " : "") +
           counted(result->distinct_behaviours, "distinct behaviour") + " in " + seen;
  }
  // The portfolio may come to the end of the space and go on sampling.
  const bool all = result->guarantee.starts_with("all interleavings");
  if (all && report.incomplete && exception_of(*result).empty()) {
    result->guarantee += ", but for those that spinning threads make without end";
  }
  if (result->bound != 0 && report.incomplete) result->guarantee += ", as far as no thread spins";
  result->exhausted |= all && !report.incomplete && options.shards == 1;
  if (!result->exhausted) {
    result->summary = seen;
    if (result->ended_by == "exhausted" && options.shards > 1) result->summary += ", which is all";
    if (!result->guarantee.empty()) result->summary += "; " + result->guarantee;
    return;
  }
  // With a finding that all were run is still worth saying; it proves nothing good.
  result->summary = result->diagnoses.empty() ? "proven: " : "";
  const auto count = result->estimate_error == 0 ? static_cast<std::uint64_t>(result->estimate) : 0;
  result->summary += count == 0   ? "all interleavings"
                     : count == 1 ? "the only interleaving"
                                  : "all " + counted(count, "interleaving");
  result->summary += exception_of(*result) + ", " + seen;
}

}  // namespace chicane::runner
