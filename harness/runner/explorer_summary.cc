// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_summary.h"

namespace chicane::runner {
namespace {

/// "1 schedule", "12,345 schedules"
std::string count_of(std::uint64_t count, const char* what) {
  std::string text = std::to_string(count);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

void summarize(const engine::StrategyReport& report, const Options& options, Result* result) {
  result->distinct_behaviours = report.behaviours.size();
  result->guarantee = report.guarantee;
  result->bound = report.bound;
  if (result->runs == 0) return;
  const std::string where = options.shards > 1 ? " of this shard" : "";
  std::string seen = count_of(result->runs, "schedule") + where;
  if (result->distinct_behaviours != 0) {
    seen = (report.more_behaviours ? "at least " : "") +
           count_of(result->distinct_behaviours, "distinct behaviour") + " in " + seen;
  }
  // The portfolio may come to the end of the space and go on sampling.
  const bool all = result->guarantee == "all interleavings were run";
  if (all && report.incomplete) {
    result->guarantee += ", but for those that spinning threads make without end";
  }
  result->exhausted |= all && !report.incomplete && options.shards == 1 && options.jobs <= 1;
  if (!result->exhausted) {
    result->summary = seen;
    if (result->ended_by == "exhausted" && options.shards > 1) result->summary += ", which is all";
    if (!result->guarantee.empty()) result->summary += "; " + result->guarantee;
    return;
  }
  // With a finding that all were run is still worth saying; it proves nothing good.
  result->summary = result->diagnoses.empty() ? "proven: all " : "all ";
  const bool counted = result->estimate > 0 && result->estimate_error == 0;
  result->summary += counted
                         ? count_of(static_cast<std::uint64_t>(result->estimate), "interleaving")
                         : "interleavings";
  result->summary += ", ";
  result->summary += seen;
}

}  // namespace chicane::runner
