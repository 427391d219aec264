// SPDX-License-Identifier: Apache-2.0
//
// Runs a program under the schedule of a file, which may be older than the program.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "report/convert.h"
#include "runner/explorer.h"
#include "runner/explorer_effects.h"
#include "runner/explorer_interrupts.h"
#include "runner/explorer_racy_sites.h"
#include "runner/explorer_witness.h"
#include "witness/schedule_file.h"
#include "witness/shrink.h"

namespace chicane::runner {

using engine::ChoiceRecord;
using engine::Finding;

/// Where the run left the schedule; empty when it did not.
std::string Explorer::misfit(const witness::ScheduleFile& file) const {
  const engine::JournalCounters& counters = journal_->counters();
  const std::size_t at = counters.diverged_at;
  if (counters.diverged == 0) return {};
  std::string text = fmt::format(
      "the schedule no longer fits the program at step {} of {}: ", at + 1, file.choices.size());
  text += at < file.choices.size() ? "expected " + witness::describe(file.choices[at])
                                   : "the schedule is at its end";
  text += fmt::format("; there is {}", counters.divergence);
  const std::string place = place_of(symbolizer_->frames(counters.diverged_site));
  if (counters.diverged_site != 0 && !place.empty()) text += " at " + place;
  const std::string build = witness::other_build(file, witness::executable_build_id());
  return build.empty() ? text : text + ". " + build;
}

void Explorer::adopt(const witness::ScheduleFile& file) {
  options_.leg = file.leg;
  options_.seed = file.seed;
  options_.step_limit = file.step_limit;
  spurious_ = file.spurious_wakeups;
  kind_ = file.kind;
  parse_strategy(file.strategy, &options_.strategy);
}

bool Explorer::open(const std::string& text, witness::ScheduleFile* file, Found* found,
                    std::string* error) {
  if (!witness::parse(text, file, error)) return false;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").filename().string();
  *error = witness::other_program(*file, program, hosting_ ? "" : options_.program);
  if (!error->empty()) return false;
  symbolizer_ = std::make_unique<report::Symbolizer>();
  adopt(*file);
  for (const witness::Choice& choice : file->choices) found->choices.push_back(choice.record);
  const bool same_build =
      !file->build_id.empty() && file->build_id == witness::executable_build_id();
  return find_racy_sites(*file, same_build, *symbolizer_, &found->racy_sites, error);
}

Diagnosis Explorer::describe(const Found& found, const Finding& finding,
                             const witness::ScheduleFile& file) {
  const auto trace = options_.whole_trace
                         ? std::vector(journal_->trace().begin(), journal_->trace().end())
                         : worth_telling(journal_->trace(), finding, found.racy_sites);
  const report::RawRun run{journal_->sites(finding), trace, journal_->threads(), journal_->trace(),
                           journal_->allocations()};
  Diagnosis diagnosis = report::convert(run, finding, *symbolizer_);
  diagnosis.leg = file.leg;
  diagnosis.run = file.run;
  diagnosis.minimal = file.minimal;
  diagnosis.forced_switches = static_cast<int>(
      std::count_if(found.choices.begin(), found.choices.end(),
                    [](const ChoiceRecord& choice) { return choice.forced != 0; }));
  return diagnosis;
}

Result Explorer::replay(const std::string& text) {
  Result result;
  witness::ScheduleFile file;
  Found found;
  if (!open(text, &file, &found, &result.error)) return result;
  if (!rerun(found.choices, found.racy_sites, Mode::kRecord)) {
    result.error = refusal();
    return result;
  }
  result.runs = 1;
  result.strategy = "replay";
  result.seed = file.seed;
  result.error = misfit(file);
  if (!result.error.empty()) return result;
  std::vector<RaceEnd> ends;
  std::set<std::string> told;
  for (const Finding& finding : journal_->findings()) {
    if (file.kind != finding.kind) continue;
    Diagnosis diagnosis = describe(found, finding, file);
    if (!told.insert(key_of(diagnosis)).second) continue;
    result.diagnoses.push_back(std::move(diagnosis));
    result.diagnoses.back().schedule = text;
    ends.push_back(end_of(*journal_, finding));
  }
  // A person who looks at the run step by step wants no second one.
  const bool watched = options_.stop_at_step != 0 || options_.whole_trace;
  for (std::size_t i = 0; i < ends.size() && !watched; ++i) {
    tell_end(found, ends[i], &result.diagnoses[i]);
  }
  if (result.diagnoses.empty() && file.kind == "nondeterminism") {
    result.error =
        "the program differs under the same schedule, so a replay cannot show it again: look for "
        "state that outlives a run, random numbers, and uninitialized memory";
  } else if (result.diagnoses.empty()) {
    result.error = "the schedule fits, but shows no " + file.kind +
                   " any more: the program has been changed, and perhaps mended";
  }
  return result;
}

/// Runs the schedule of a file as it is; false when it does not fit or does not show its diagnosis.
bool Explorer::run_strictly(const witness::ScheduleFile& file, Found* found, std::string* error) {
  if (!rerun(found->choices, found->racy_sites, Mode::kStrict)) {
    *error = refusal();
    return false;
  }
  *error = misfit(file);
  if (!error->empty()) return false;
  for (const Finding& finding : journal_->findings()) {
    if (file.kind != finding.kind) continue;
    found->finding = finding;
    found->finding.run = file.run;
    const auto sites = journal_->sites(finding);
    found->sites.assign(sites.begin(), sites.end());
    return true;
  }
  *error = "the schedule fits, but shows no " + file.kind + ": there is nothing to shorten";
  return false;
}

Result Explorer::shrink(const std::string& text) {
  const Interrupts interrupts(options_.interruptible);
  Result result;
  witness::ScheduleFile file;
  Found found;
  if (!open(text, &file, &found, &result.error)) return result;
  if (!run_strictly(file, &found, &result.error)) return result;
  result.strategy = file.strategy;
  result.seed = file.seed;
  thorough_ = true;
  if (options_.time_limit > 0) begin_to_shorten(options_.time_limit);
  const witness::ShrinkTest test = [&](const witness::Choices& candidate) {
    return try_choices(found, candidate);
  };
  const bool check_only = !options_.shrink;
  if (check_only) found.minimal = !witness::one_switch_less(found.choices, test).has_value();
  if (check_only && ends_shortening()) found.minimal = false;
  const std::uint64_t length = found.finding.step;
  Told told;
  if (!diagnose(std::move(found), &told)) {
    result.error = refusal();
  }
  told.diagnosis.original_length = length;
  result.runs = trials_;
  if (ends_shortening() && !told.diagnosis.minimal) {
    result.signal = Interrupts::signal();
    result.ended_by = result.signal != 0 ? "interrupted" : "time";
  }
  result.diagnoses.push_back(std::move(told.diagnosis));
  return result;
}

}  // namespace chicane::runner
