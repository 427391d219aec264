// SPDX-License-Identifier: Apache-2.0
#include "runner/reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace chicane::runner {
namespace {

std::string counted(std::uint64_t number, const char* noun) {
  return with_commas(number) + " " + noun + (number == 1 ? "" : "s");
}

/// To two digits: more are not known.
std::uint64_t rounded(double estimate) {
  double unit = 1;
  while (estimate / unit >= 100) unit *= 10;
  return static_cast<std::uint64_t>(std::round(estimate / unit) * unit);
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

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string reach_of(const Result& result) {
  if (!result.error.empty()) return "not explored: " + result.error;
  if (result.exhausted) {
    // A search that counts may have made other runs besides.
    if (result.estimate_error != 0) return "proven: all interleavings";
    const auto count =
        result.estimate > 0 ? static_cast<std::uint64_t>(result.estimate) : result.runs;
    return count == 1 ? "proven: the only interleaving"
                      : "proven: all " + counted(count, "interleaving");
  }
  std::string text = counted(result.runs, "schedule");
  if (result.ended_by == "time") text += " until the time was up";
  if (result.ended_by == "interrupted") text += " until the interrupt";
  if (!result.strategy.empty()) text += ", " + result.strategy;
  if (result.estimate > static_cast<double>(result.runs)) {
    text += fmt::format(", of about {} (+- {})", with_commas(rounded(result.estimate)),
                        with_commas(rounded(result.estimate_error)));
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
