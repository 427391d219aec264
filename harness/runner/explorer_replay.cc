// SPDX-License-Identifier: Apache-2.0
//
// Runs a program under the schedule of a file, which may be older than the program.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "report/convert.h"
#include "report/source_map.h"
#include "runner/explorer.h"
#include "runner/explorer_effects.h"
#include "runner/explorer_interrupts.h"
#include "runner/explorer_witness.h"
#include "witness/schedule_file.h"
#include "witness/shrink.h"

namespace chicane::runner {
namespace {

using engine::ChoiceRecord;
using engine::Finding;
using report::Symbolizer;

/// Whether a call ends at a code address of this process: as what a racy access does.
bool behind_call(std::uint64_t pc) {
#if defined(__x86_64__)
  const auto* code = reinterpret_cast<const unsigned char*>(pc);
  return code[-5] == 0xe8 || (code[-6] == 0xff && code[-5] == 0x15);
#elif defined(__aarch64__)
  return (reinterpret_cast<const std::uint32_t*>(pc)[-1] >> 26) == 0x25;
#else
  return pc != 0;
#endif
}

/// Finds the racy accesses of a schedule file in the program as it is now.
class RacySites {
 public:
  RacySites(const witness::ScheduleFile& file, bool same_build, Symbolizer& symbolizer)
      : file_(file), same_build_(same_build), symbolizer_(symbolizer) {}

  /// False when one is no longer there; `*error` then says which.
  bool find(std::vector<std::uint64_t>* sites, std::string* error) {
    for (const witness::RacySite& racy : file_.racy) {
      const std::size_t before = sites->size();
      add(racy, sites);
      if (sites->size() != before) continue;
      *error = fmt::format(
          "the schedule no longer fits the program: it has the racy access at {} as an operation, "
          "and that is not there any more",
          racy.place.empty() ? racy.symbol : racy.place);
      return false;
    }
    return true;
  }

 private:
  void add(const witness::RacySite& racy, std::vector<std::uint64_t>* sites) {
    if (same_build_) {
      const std::uint64_t site = symbolizer_.address_of({racy.module, racy.offset});
      if (site != 0) sites->push_back(site);
      return;
    }
    const auto ranges = candidates(racy);
    if (ranges.empty()) return;
    const Symbolizer::CodeRange& range = ranges.front();
    const std::uint64_t same = range.low + racy.offset_in_symbol;
    if (same <= range.high && behind_call(same)) {
      sites->push_back(same);
      return;
    }
    // The function has changed: what is on that line now.
    for (std::uint64_t pc = range.low + 6; pc <= range.high; ++pc) {
      if (behind_call(pc) && place_of(symbolizer_.frames(pc)) == racy.place) sites->push_back(pc);
    }
  }

  /// The functions of that name, those in the schedule's own file first.
  std::vector<Symbolizer::CodeRange> candidates(const witness::RacySite& racy) {
    std::vector<Symbolizer::CodeRange> ranges =
        symbolizer_.functions_named(racy.module, racy.symbol);
    const std::string base = racy.place.substr(0, racy.place.rfind(':'));
    const auto rank = [&](const Symbolizer::CodeRange& range) {
      const std::string& file = symbolizer_.frames(range.low + 1).front().file;
      if (!file_.scenario.empty() && file.ends_with(file_.scenario + ".cc")) return 0;
      return report::base_name(file) == base ? 1 : 2;
    };
    std::stable_sort(ranges.begin(), ranges.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    return ranges;
  }

  const witness::ScheduleFile& file_;
  bool same_build_;
  Symbolizer& symbolizer_;
};

}  // namespace

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
  symbolizer_ = std::make_unique<Symbolizer>();
  adopt(*file);
  for (const witness::Choice& choice : file->choices) found->choices.push_back(choice.record);
  const bool same_build =
      !file->build_id.empty() && file->build_id == witness::executable_build_id();
  return RacySites(*file, same_build, *symbolizer_).find(&found->racy_sites, error);
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
