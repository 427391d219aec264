// SPDX-License-Identifier: Apache-2.0
#include "runner/reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "runner/explorer_summary.h"
#include "runner/numbers.h"

namespace chicane::runner {
namespace {

/// Why there were no more runs, where that was not to be expected.
std::string until(const Result& result) {
  if (result.ended_by == "time") return " until the time was up";
  if (result.ended_by == "interrupted") return " until the interrupt";
  if (result.ended_by == "bad-runs") return " until too many ended badly without anything new";
  if (result.ended_by == "stuck") return " until one stood still";
  return "";
}

/// The cell of a good program under the leg sched; null when there is none.
const Result* good_under_sched(const FileRun& run) {
  if (!run.file->good()) return nullptr;
  for (std::size_t i = 0; i < run.legs.size(); ++i) {
    if (run.legs[i] == "sched") return &run.cells[i].result;
  }
  return nullptr;
}

}  // namespace

std::string reach_of(const Result& result) {
  if (!result.error.empty()) return "not explored: " + result.error;
  if (result.exhausted) {
    // With a finding that all were run is still worth saying; it proves nothing good.
    const std::string proven = result.diagnoses.empty() ? "proven: " : "";
    // Nothing could be chosen in the only run.
    const bool only = result.runs == 1;
    // Others may have been made besides those of the search.
    if (!only && (result.estimate_error != 0 || result.estimate == 0)) {
      return proven + "all interleavings" + exception_of(result);
    }
    const std::uint64_t count = only ? 1 : static_cast<std::uint64_t>(result.estimate);
    return proven +
           (count == 1 ? "the only interleaving" : "all " + counted(count, "interleaving")) +
           exception_of(result);
  }
  std::string text = counted(result.runs, "schedule");
  text += until(result);
  if (!result.strategy.empty()) text += ", " + result.strategy;
  if (result.estimate > static_cast<double>(result.runs)) {
    constexpr unsigned kDigits = 2;  // more are not known
    text += fmt::format(", of about {} (+- {})", roughly(result.estimate, kDigits),
                        roughly(result.estimate_error, kDigits));
  }
  if (result.distinct_behaviours != 0) {
    text += ": " + counted(result.distinct_behaviours, "distinct behaviour");
  }
  // "all schedules with at most 2 preemptions were run"
  constexpr std::string_view kVerb = " were run";
  std::string_view bound = result.guarantee;
  if (bound.ends_with(kVerb)) bound.remove_suffix(kVerb.size());
  if (!bound.empty()) text += fmt::format("; {}", bound);
  return text;
}

std::string search_of(const Result& result) {
  const bool sampled = result.strategy == "portfolio";
  if (result.executions == 0 || (sampled && !result.exhausted)) return {};
  std::string text =
      fmt::format("{}, {} blocked (nothing new)", counted(result.executions, "execution"),
                  with_commas(result.blocked));
  const std::uint64_t search = result.executions + result.blocked;
  if (result.runs > search) {
    const bool probed = result.strategy == "dpor" || result.strategy == "dfs";
    const std::uint64_t others = result.runs - search;
    text += ", " + (sampled  ? with_commas(others) + " sampled" + until(result)
                    : probed ? counted(others, others == 1 ? "probe or repeat" : "probes or repeat")
                             : counted(others, "repeat"));
  }
  const auto speed = static_cast<std::uint64_t>(result.runs_per_second);
  return speed == 0 ? text : text + fmt::format("; {} schedules/s", with_commas(speed));
}

std::string render_reach(const std::vector<FileRun>& runs) {
  std::string lines;
  std::size_t width = 0, total = 0, proven = 0;
  for (const FileRun& run : runs) width = std::max(width, run.program().size());
  for (const FileRun& run : runs) {
    const Result* result = good_under_sched(run);
    if (result == nullptr) continue;
    ++total;
    proven += result->exhausted ? 1 : 0;
    lines += fmt::format("  {:<{}}  {}\n", run.program(), width, reach_of(*result));
  }
  if (total == 0) return {};
  return fmt::format("good programs under sched: {} of {} proven\n{}", proven, total, lines);
}

}  // namespace chicane::runner
