// SPDX-License-Identifier: Apache-2.0
//
// From a finding to a diagnosis: its witness is run again, made short, recorded, and put in words.
#include "runner/explorer_witness.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "interpose/environment.h"
#include "report/convert.h"
#include "report/race_facts.h"
#include "report/schedule_table.h"
#include "report/source_map.h"
#include "runner/explorer.h"
#include "runner/explorer_effects.h"
#include "runner/explorer_interrupts.h"
#include "witness/schedule_file.h"
#include "witness/whole_file.h"

namespace chicane::runner {
namespace {

using engine::ChoiceRecord;
using engine::Finding;
using engine::FindingSite;
using engine::TraceRecord;

// Every witness costs a search of its own: beyond this many findings of one program, nobody reads.
constexpr std::size_t kMaxDiagnoses = 24;
bool same_stack(const engine::Stack& a, const engine::Stack& b) {
  const std::uint32_t depth = std::min(a.depth, b.depth);
  if (depth == 0) return a.depth == b.depth;
  return std::equal(a.pcs, a.pcs + depth, b.pcs);
}

// An unrecorded run knows only the innermost address of an earlier site: one of the stacks may be a
// prefix of the other. Which of two racing accesses came first is the schedule's business.
bool same_sites(const std::vector<FindingSite>& expected, std::span<const FindingSite> actual,
                bool roles_matter) {
  if (expected.size() != actual.size()) return false;
  std::vector<bool> used(actual.size(), false);
  for (const FindingSite& site : expected) {
    bool met = false;
    for (std::size_t i = 0; i < actual.size() && !met; ++i) {
      if (used[i] || !same_stack(site.stack, actual[i].stack)) continue;
      if (roles_matter && std::strcmp(site.role, actual[i].role) != 0) continue;
      used[i] = met = true;
    }
    if (!met) return false;
  }
  return true;
}

// Whether the run was asked at its waits if they return without a signal.
bool wakes_spuriously(const std::vector<ChoiceRecord>& choices) {
  return std::any_of(choices.begin(), choices.end(), [](const ChoiceRecord& choice) {
    return choice.is_outcome != 0 &&
           (choice.kind == engine::OpKind::kCondWake || choice.kind == engine::OpKind::kAtomicCas);
  });
}

bool is_race(const Finding& finding) { return std::strcmp(finding.kind, "data-race") == 0; }

bool better(const Told& one, const Told& other) {
  const Diagnosis &a = one.diagnosis, &b = other.diagnosis;
  if (a.confirmed != b.confirmed) return a.confirmed;
  if (one.telling != other.telling) return one.telling > other.telling;
  if (a.forced_switches != b.forced_switches) return a.forced_switches < b.forced_switches;
  return a.length < b.length;
}

}  // namespace

std::string key_of(const Diagnosis& diagnosis) {
  std::set<std::string> places;
  for (const Site& site : diagnosis.sites) {
    const Frame* frame = report::user_frame(site.stack);
    if (frame != nullptr) places.insert(frame->file + ":" + std::to_string(frame->line));
  }
  std::string key = diagnosis.kind;
  for (const std::string& place : places) key += "|" + place;
  return key;
}

std::string place_of(const std::vector<Frame>& stack) {
  const Frame* frame = report::user_frame(stack);
  if (frame == nullptr || frame->file.empty()) return "";
  return report::base_name(frame->file) + ":" + std::to_string(frame->line);
}

// The part of a trace that a reader can use: operations, and the accesses that the finding is
// about; of a long one its beginning and its end.
std::vector<TraceRecord> worth_telling(std::span<const TraceRecord> trace, const Finding& finding,
                                       const std::vector<std::uint64_t>& racy_sites) {
  constexpr std::size_t kBeginning = 200, kEnd = 400;
  constexpr std::uint64_t kNear = 8;
  std::vector<TraceRecord> told;
  for (const TraceRecord& record : trace) {
    const bool access =
        record.kind == engine::OpKind::kRead || record.kind == engine::OpKind::kWrite;
    const bool concerned =
        finding.object.address - record.object + kNear < 2 * kNear ||
        (record.stack.depth > 0 &&
         std::find(racy_sites.begin(), racy_sites.end(), record.stack.pcs[0]) != racy_sites.end());
    if (!access || concerned) told.push_back(record);
  }
  if (told.size() > kBeginning + kEnd) {
    told.erase(told.begin() + kBeginning, told.end() - kEnd);
  }
  return told;
}

// The findings worth a diagnosis, best witness first: for a race one in which the accesses are
// operations, so that the schedule shows them.
std::vector<Found> Explorer::candidates() const {
  std::vector<Found> chosen;
  for (const Found& found : found_) {
    const auto same = std::find_if(chosen.begin(), chosen.end(), [&](const Found& other) {
      return std::strcmp(other.finding.kind, found.finding.kind) == 0 &&
             same_sites(other.sites, found.sites, !is_race(found.finding));
    });
    if (same == chosen.end()) {
      if (chosen.size() < kMaxDiagnoses) chosen.push_back(found);
    } else if (found.finding.telling > same->finding.telling) {
      *same = found;
    }
  }
  return chosen;
}

bool Explorer::rerun(const std::vector<ChoiceRecord>& choices,
                     const std::vector<std::uint64_t>& racy_sites, Mode mode,
                     const engine::Course* course, engine::CourseLog* log) {
  ++trials_;
  journal_->clear(true);
  journal_->set_racy_sites(racy_sites);
  journal_->set_recording(mode == Mode::kRecord);
  const ChildEnd end = run_child({.program = &program_,
                                  .options = &options_,
                                  .hosting = hosting(),
                                  .end_run = 1,
                                  .replay = &choices,
                                  .kind = kind_,
                                  .spurious_wakeups = spurious_,
                                  .lenient = mode == Mode::kTry,
                                  .course = course,
                                  .log = log},
                                 *journal_);
  journal_->set_recording(false);
  return end != ChildEnd::kNoChild;
}

const Finding* Explorer::find_again(const Found& found) const {
  for (const Finding& finding : journal_->findings()) {
    if (std::strcmp(finding.kind, found.finding.kind) == 0 &&
        same_sites(found.sites, journal_->sites(finding), !is_race(finding))) {
      return &finding;
    }
  }
  return nullptr;
}

// The choices of a run that makes the same diagnosis and shows as much of it.
std::optional<std::vector<ChoiceRecord>> Explorer::try_choices(
    const Found& found, const std::vector<ChoiceRecord>& choices, const engine::Course* course) {
  if (ends_shortening()) return std::nullopt;  // what is best so far is the result
  if (!rerun(choices, found.racy_sites, Mode::kTry, course)) return std::nullopt;
  const Finding* again = find_again(found);
  if (again == nullptr || again->telling < found.finding.telling) return std::nullopt;
  // A switch less, but a spin that lasts until the schedule is made fair, is no gain.
  const std::uint64_t limit = options_.step_limit;
  if (again->step >= limit && found.finding.step < limit) return std::nullopt;
  const auto witnesses = journal_->witnesses();
  if (witnesses.empty()) return std::nullopt;
  const auto made = journal_->choices(witnesses.front());
  return std::vector<ChoiceRecord>(made.begin(), made.end());
}

// Takes sites and choices from the run just made, if it is one of the same diagnosis.
bool Explorer::take_run(Found* found) {
  const Finding* again = find_again(*found);
  if (again == nullptr || journal_->witnesses().empty()) return false;
  const auto sites = journal_->sites(*again);
  found->sites.assign(sites.begin(), sites.end());
  const auto choices = journal_->choices(journal_->witnesses().front());
  found->choices.assign(choices.begin(), choices.end());
  found->finding.step = again->step;
  return true;
}

// Races only: the same program without a forced switch, for what the object holds in its end.
void Explorer::tell_end(const Found& found, const RaceEnd& end, Diagnosis* diagnosis) {
  if (end.value.empty() || diagnosis->object.empty() || Interrupts::signal() != 0) return;
  if (!rerun({}, found.racy_sites, Mode::kRecord)) return;
  if (journal_->counters().last_end != engine::RunEnd::kFinished) return;
  const std::string calm =
      report::last_value(journal_->trace(), journal_->allocations(), end.object);
  if (calm.empty() || calm == end.value) return;
  diagnosis->effect = "with this schedule " + report::quoted_object(diagnosis->object) +
                      " ends at " + end.value + ", without a forced switch at " + calm;
}

bool Explorer::diagnose(Found found, Told* told) {
  Diagnosis* const diagnosis = &told->diagnosis;
  kind_ = found.finding.kind;
  const std::uint64_t original = shortens(found) ? found.finding.step : 0;
  spurious_ = options_.spurious_wakeups || wakes_spuriously(found.choices);
  const std::uint64_t step_limit = options_.step_limit;
  if (found.step_limit != 0) options_.step_limit = found.step_limit;
  shorten(&found);
  if (!rerun(found.choices, found.racy_sites, Mode::kRecord)) return false;
  const bool diverged = journal_->counters().diverged != 0;
  const Finding* again = diverged ? nullptr : find_again(found);
  RaceEnd end;
  if (found.differs) {
    const report::RawRun run{found.sites, {}, journal_->threads()};
    *diagnosis = report::convert(run, found.finding, *symbolizer_);
  } else if (again == nullptr) {
    // The same choices gave another run: that is a defect of its own.
    std::snprintf(
        found.finding.message, sizeof found.finding.message,
        "the program differs under the same schedule: once it gave %s, and then not again",
        found.finding.kind);
    std::snprintf(found.finding.kind, sizeof found.finding.kind, "nondeterminism");
    const report::RawRun run{found.sites, {}, {}};
    *diagnosis = report::convert(run, found.finding, *symbolizer_);
  } else {
    const auto trace = worth_telling(journal_->trace(), *again, found.racy_sites);
    const report::RawRun run{journal_->sites(*again), trace, journal_->threads(), journal_->trace(),
                             journal_->allocations()};
    *diagnosis = report::convert(run, *again, *symbolizer_);
    note_run(*journal_, *again, *symbolizer_, told);
    end = end_of(*journal_, *again);
  }
  diagnosis->leg = options_.leg;
  diagnosis->run = found.finding.run;
  diagnosis->original_length = original;
  diagnosis->forced_switches = static_cast<int>(
      std::count_if(found.choices.begin(), found.choices.end(),
                    [](const ChoiceRecord& choice) { return choice.forced != 0; }));
  diagnosis->schedule = schedule_text(found, *diagnosis);
  diagnosis->minimal = found.minimal;
  tell_end(found, end, diagnosis);
  options_.step_limit = step_limit;
  return true;
}

std::string Explorer::schedule_text(const Found& found, const Diagnosis& diagnosis) {
  witness::ScheduleFile file;
  file.program = std::filesystem::read_symlink("/proc/self/exe").filename().string();
  if (hosting_) {
    file.command = hosting_->command;
    file.directory = hosting_->directory;
    file.standard_input = hosting_->standard_input;
    file.isolation = hosting_->isolation;
    for (interpose::EnvironmentVariable& variable : interpose::environment_seen()) {
      file.environment.push_back(
          {std::move(variable.name), variable.set, std::move(variable.value)});
    }
  } else {
    file.scenario = options_.program;
  }
  file.build_id = witness::executable_build_id();
  file.leg = options_.leg;
  file.strategy = to_string(options_.strategy);
  file.seed = options_.seed;
  file.run = found.finding.run;
  file.kind = diagnosis.kind;
  file.step_limit = options_.step_limit;
  file.spurious_wakeups = spurious_;
  file.minimal = found.minimal;
  for (const std::uint64_t site : found.racy_sites) {
    const report::ModuleOffset module = symbolizer_->module_offset(site);
    const report::SymbolOffset symbol = symbolizer_->symbol_offset(site);
    file.racy.push_back({module.module, module.offset, symbol.symbol, symbol.offset,
                         place_of(symbolizer_->frames(site))});
  }
  // What each choice was about: the first event after it.
  std::map<std::uint32_t, const TraceRecord*> events;
  for (const TraceRecord& record : journal_->trace()) events.emplace(record.choice, &record);
  std::map<std::pair<std::uint64_t, int>, std::string> objects;
  for (const Step& step : diagnosis.steps)
    objects.emplace(std::pair(step.step, step.thread), step.object);
  std::uint32_t index = 0;
  for (const ChoiceRecord& record : found.choices) {
    witness::Choice choice{.record = record, .object = {}, .place = {}};
    const auto event = events.find(++index);
    if (event != events.end()) {
      choice.place = place_of(symbolizer_->frames(event->second->stack));
      choice.object =
          objects[std::pair(event->second->step, static_cast<int>(event->second->thread))];
    }
    file.choices.push_back(std::move(choice));
  }
  return witness::format(file);
}

// ThreadSanitizer keeps four accesses of a memory cell and evicts at random: what it reports of one
// schedule may differ from process to process. A report that did not come again does not count
// where another of the same kind did.
void Explorer::drop_forgotten_reports(std::vector<Diagnosis>* diagnoses) const {
  if (options_.leg != "tsan") return;
  const auto came_again = [](const Diagnosis& diagnosis) {
    return diagnosis.kind != "nondeterminism";
  };
  if (std::none_of(diagnoses->begin(), diagnoses->end(), came_again)) return;
  std::erase_if(*diagnoses, [&](const Diagnosis& diagnosis) { return !came_again(diagnosis); });
}

// A predicted cycle that steering confirmed is told as the deadlock that it is.
void Explorer::drop_confirmed_predictions(std::vector<Diagnosis>* diagnoses) const {
  std::set<std::string> confirmed;
  for (const Diagnosis& diagnosis : *diagnoses) {
    if (!diagnosis.confirmed) continue;
    for (const Site& site : diagnosis.sites) confirmed.insert(place_of(site.stack));
  }
  std::erase_if(*diagnoses, [&](const Diagnosis& diagnosis) {
    return diagnosis.kind == "lock-order-inversion" &&
           std::all_of(diagnosis.sites.begin(), diagnosis.sites.end(), [&](const Site& site) {
             return confirmed.count(place_of(site.stack)) != 0;
           });
  });
}

Result Explorer::finish(Result result) {
  if (found_.empty()) return result;
  constexpr double kLeast = 2;  // seconds
  if (options_.time_limit > 0) begin_to_shorten(std::max(options_.time_limit, kLeast));
  symbolizer_ = std::make_unique<report::Symbolizer>();
  result.first_finding_run = static_cast<std::int64_t>(found_.front().finding.run);
  std::map<std::string, Told> by_key;
  std::vector<std::string> order;
  for (Found& found : candidates()) {
    Told told;
    told.telling = found.finding.telling;
    if (!diagnose(std::move(found), &told)) {
      result.error = refusal();
      return result;
    }
    const std::string key = key_of(told.diagnosis);
    const auto [at, fresh] = by_key.emplace(key, told);
    if (fresh) {
      order.push_back(key);
    } else if (better(told, at->second)) {
      at->second = std::move(told);
    }
  }
  std::vector<Told> all;
  for (const std::string& key : order) all.push_back(std::move(by_key[key]));
  share_failures(&all);
  for (Told& told : all) result.diagnoses.push_back(std::move(told.diagnosis));
  drop_confirmed_predictions(&result.diagnoses);
  drop_forgotten_reports(&result.diagnoses);
  write_witnesses(&result);
  return result;
}

void Explorer::write_witnesses(Result* result) {
  if (options_.witness_dir.empty()) return;
  std::error_code ignored;
  std::filesystem::create_directories(options_.witness_dir, ignored);
  witness::remove_abandoned(options_.witness_dir);
  std::string stem = options_.program;
  std::replace(stem.begin(), stem.end(), '/', '.');
  int number = 0;
  for (Diagnosis& diagnosis : result->diagnoses) {
    if (!diagnosis.confirmed) continue;
    const std::string path = options_.witness_dir + "/" + stem + "." + options_.leg + "." +
                             std::to_string(++number) + ".chicane";
    witness::ScheduleFile file;
    std::string error;
    if (!witness::parse(diagnosis.schedule, &file, &error) || !witness::save(path, file, &error)) {
      result->error = error + "; choose another --witness-dir";
      continue;
    }
    diagnosis.witness = path;
  }
}

}  // namespace chicane::runner
