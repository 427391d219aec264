// SPDX-License-Identifier: Apache-2.0
//
// What the lanes of an exploration have done together.
#include <algorithm>
#include <vector>

#include "runner/explorer.h"
#include "runner/explorer_lanes.h"
#include "strategies/parts.h"

namespace chicane::runner {

const char* Explorer::name_of(const std::vector<std::unique_ptr<Lane>>& lanes) {
  const auto any = [&lanes](LaneEnd end) {
    return std::any_of(lanes.begin(), lanes.end(),
                       [end](const auto& lane) { return lane->end() == end; });
  };
  if (any(LaneEnd::kStuck)) return "stuck";
  if (any(LaneEnd::kBadRuns)) return "bad-runs";
  return any(LaneEnd::kSchedules) ? "schedules" : "exhausted";
}

// Whether it is known how large the lane's part is.
bool Explorer::add_statistics(const Lane& lane) {
  engine::SearchStatistics statistics;
  if (lane.strategy() == nullptr || !lane.strategy()->statistics(&statistics)) return false;
  statistics_.executions += statistics.executions;
  statistics_.blocked += statistics.blocked;
  statistics_.estimate += statistics.estimate;
  statistics_.estimate_error += statistics.estimate_error;
  if (statistics.incomplete) exhausted_ = false;
  if (statistics.estimate > 0) return true;
  const strategies::Searching* searching = strategies::as_searching(*lane.strategy());
  const bool ended =
      lane.end() == LaneEnd::kExhausted || (searching != nullptr && searching->reduced());
  return ended && statistics.executions == 0 && !statistics.incomplete;  // nothing fell to it
}

// What the lanes have done together.
void Explorer::report_lanes(const std::vector<std::unique_ptr<Lane>>& lanes) {
  std::vector<const engine::Strategy*> parts;
  bool estimated = true, same_operations = true;
  for (const auto& lane : lanes) {
    if (lane->strategy() != nullptr) parts.push_back(lane->strategy());
    estimated = add_statistics(*lane) && estimated;
    const auto racy = lane->journal().racy_sites(), racy_here = journal_->racy_sites();
    same_operations = same_operations && std::is_permutation(racy.begin(), racy.end(),
                                                             racy_here.begin(), racy_here.end());
  }
  if (!estimated) statistics_.estimate = statistics_.estimate_error = 0;
  strategy_report_ = strategies::describe_parts(parts, options_.shards > 1);
  exhausted_ = exhausted_ && same_operations && !strategy_report_.incomplete;
  // Each searched with the operations that it knew: together they are no whole.
  if (!same_operations && strategy_report_.bound == 0) strategy_report_.guarantee[0] = '\0';
}

}  // namespace chicane::runner
