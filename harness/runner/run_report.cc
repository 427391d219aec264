// SPDX-License-Identifier: Apache-2.0
#include "runner/run_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "report/result_json.h"
#include "runner/reach.h"

namespace chicane::runner {
namespace {

using nlohmann::json;

json cell_to_json(const FileRun& run, std::size_t index) {
  const Result& result = run.cells[index].result;
  std::set<std::string> expected;
  for (const Annotation& entry : run.file->annotations.entries) {
    if (entry.lists(run.legs[index]) && !entry.gap) expected.insert(entry.name());
  }
  json reported = json::array();
  for (const Diagnosis& diagnosis : result.diagnoses) {
    reported.push_back({{"kind", diagnosis.kind},
                        {"confirmed", diagnosis.confirmed},
                        {"summary", summarize(diagnosis, *run.pitfall, *run.file)},
                        {"witness", diagnosis.witness}});
  }
  json cell = {{"scenario", run.program()},
               {"family", run.pitfall->family},
               {"pitfall", run.pitfall->name},
               {"form", run.file->form},
               {"variant", run.file->good() ? "good" : "bad"},
               {"leg", run.legs[index]},
               {"status", to_string(run.verdict.legs[index].status)},
               {"runs", result.runs},
               {"exhausted", result.exhausted},
               {"distinct_behaviours", result.distinct_behaviours},
               {"summary", result.summary},
               {"ended_by", result.ended_by},
               {"reach", reach_of(result)},
               {"runs_per_second", result.runs_per_second},
               {"first_finding_run", result.first_finding_run},
               {"seconds", run.cells[index].seconds},
               {"expected", expected},
               {"reported", reported},
               {"error", result.error},
               {"log", run.cells[index].log}};
  if (run.cells[index].native.runs != 0) cell["native"] = run.cells[index].native;
  return cell;
}

/// Sums and extremes of the fixed names.
class Totals {
 public:
  void add(const FileRun& run, std::size_t index) {
    const Result& result = run.cells[index].result;
    json own = report::to_json(result);
    for (json& diagnosis : own["diagnoses"]) {
      diagnosis["scenario"] = run.program();
      if (diagnosis.value("leg", std::string()).empty()) diagnosis["leg"] = run.legs[index];
      diagnoses_.push_back(std::move(diagnosis));
    }
    if (run.legs[index] == "thread-safety") return;  // it has no runs
    any_ = true;
    runs_ += result.runs;
    executions_ += result.executions;
    blocked_ += result.blocked;
    exhausted_ = exhausted_ && result.exhausted;
    if (result.runs_per_second > 0) {
      seconds_ += static_cast<double>(result.runs) / result.runs_per_second;
    }
    if (strategy_.empty()) strategy_ = result.strategy;
    const std::int64_t first = result.first_finding_run;
    if (first >= 0 && (first_ < 0 || first < first_)) first_ = first;
  }

  json finish(const LegOptions& options) {
    const double speed = seconds_ > 0 ? static_cast<double>(runs_) / seconds_ : 0;
    return {{"runs", runs_},
            {"executions", executions_},
            {"blocked", blocked_},
            {"exhausted", any_ && exhausted_},
            {"runs_per_second", speed},
            {"strategy", options.explore.strategy.empty() ? strategy_ : options.explore.strategy},
            {"seed", options.explore.seed},
            {"first_finding_run", first_},
            {"diagnoses", std::move(diagnoses_)}};
  }

 private:
  std::uint64_t runs_ = 0, executions_ = 0, blocked_ = 0;
  bool any_ = false, exhausted_ = true;
  double seconds_ = 0;
  std::int64_t first_ = -1;
  std::string strategy_;
  json diagnoses_ = json::array();
};

}  // namespace

json to_json(const std::vector<FileRun>& runs, const std::vector<Problem>& problems,
             const LegOptions& options, int exit_code) {
  Totals totals;
  json scenarios = json::array(), failures = json::array(), wrong = json::array();
  for (const FileRun& run : runs) {
    for (std::size_t i = 0; i < run.legs.size(); ++i) {
      totals.add(run, i);
      scenarios.push_back(cell_to_json(run, i));
    }
    for (const Failure& failure : run.verdict.failures) {
      failures.push_back({{"leg", failure.leg},
                          {"file", failure.file},
                          {"line", failure.line},
                          {"what", failure.what},
                          {"reported", failure.reported},
                          {"next", failure.next}});
    }
  }
  for (const Problem& problem : problems) {
    wrong.push_back({{"file", problem.file},
                     {"line", problem.line},
                     {"column", problem.column},
                     {"what", problem.what},
                     {"instead", problem.instead}});
  }
  json report = totals.finish(options);
  report["exit"] = exit_code;
  report["scenarios"] = std::move(scenarios);
  report["failures"] = std::move(failures);
  report["problems"] = std::move(wrong);
  return report;
}

}  // namespace chicane::runner
