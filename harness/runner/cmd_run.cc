// SPDX-License-Identifier: Apache-2.0
//
// chicane run: runs scenarios under legs and holds the reports against the annotations.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "runner/commands.h"
#include "runner/explore_flags.h"
#include "runner/leg_names.h"
#include "runner/process.h"
#include "runner/race_details.h"
#include "runner/reach.h"
#include "runner/run_report.h"
#include "runner/session.h"
#include "runner/show.h"
#include "witness/whole_file.h"

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

/// The command line, as written.
struct RunOptions {
  std::vector<std::string> pitfalls;
  std::vector<std::string> legs;
  ExploreFlags explore;
  std::string variant, form, time_limit = "45";
  std::string json, witness_dir = default_race_dir(), scenarios = default_scenarios();
  std::string worker_dir = own_folder();
  bool diagnoses = true, matrix = true, shrink = true, native = false;

  /// One cell, as a test runs it: leaves the report of a full run alone.
  bool single() const { return !variant.empty() && !form.empty() && legs.size() == 1; }
};

/// What the command line means.
struct Plan {
  LegOptions legs;
  std::vector<std::string> leg_names;
  std::vector<FileRun> runs;
  std::vector<FileRun> unjudged;       // an interrupt came before they were done
  std::vector<const Pitfall*> broken;  // with problems: not run
  std::vector<Problem> problems;
  unsigned jobs = 1;
  unsigned shard = 1, shards = 1;
};

bool check_words(const RunOptions& options, std::string* error) {
  for (const std::string& leg : options.legs) {
    if (!check_word("leg", leg, leg_names(), error)) return false;
  }
  if (!options.variant.empty() && !check_word("variant", options.variant, {"bad", "good"}, error)) {
    return false;
  }
  if (!options.form.empty() && !check_word("form", options.form, {"default", "std"}, error)) {
    return false;
  }
  return true;
}

/// --jobs and --shard are about programs here: so many at a time, every n-th of them.
bool check_numbers(const RunOptions& options, Plan* plan, std::string* error) {
  ExploreSettings& explore = plan->legs.explore;
  if (!read_explore_flags(options.explore, &explore, error)) return false;
  plan->jobs = explore.jobs.value_or(std::max(1U, std::thread::hardware_concurrency()));
  plan->shard = explore.shard;
  plan->shards = explore.shards;
  explore.jobs.reset();
  explore.shard = explore.shards = 1;
  std::uint64_t value = 0;
  if (!parse_number("--time-limit", options.time_limit, 1, &value, error)) return false;
  plan->legs.limit_seconds = static_cast<double>(value) + explore.time_limit.value_or(0);
  return true;
}

bool make_folders(const RunOptions& options, Plan* plan, std::string* error) {
  plan->legs.shrink = options.shrink;
  plan->legs.worker_dir = options.worker_dir;
  plan->legs.diag_dir = options.worker_dir + "/../scenario_diag";
  plan->legs.witness_dir = options.witness_dir;
  plan->legs.work_dir = options.witness_dir + "/work";
  std::error_code problem;
  fs::create_directories(plan->legs.work_dir, problem);
  for (const std::string& folder : {plan->legs.witness_dir, plan->legs.work_dir}) {
    witness::remove_abandoned(folder);
  }
  if (problem) *error = plan->legs.work_dir + " cannot be made: " + problem.message();
  return !problem;
}

void add_pitfall(const RunOptions& options, const Pitfall& pitfall, Plan* plan) {
  if (!pitfall.problems.empty()) {
    plan->broken.push_back(&pitfall);
    plan->problems.insert(plan->problems.end(), pitfall.problems.begin(), pitfall.problems.end());
    return;
  }
  for (const ScenarioFile& file : pitfall.files) {
    if (!options.variant.empty() && file.good() != (options.variant == "good")) continue;
    if (!options.form.empty() && file.std_form() != (options.form == "std")) continue;
    FileRun run;
    run.pitfall = &pitfall;
    run.file = &file;
    run.legs = plan->leg_names;
    plan->runs.push_back(std::move(run));
  }
}

/// Chooses pitfalls and files; false with an error when a name means none.
bool choose(const RunOptions& options, const Catalogue& catalogue, Plan* plan, std::string* error) {
  for (const LegInfo& leg : kLegs) {
    const bool asked =
        std::find(options.legs.begin(), options.legs.end(), leg.name) != options.legs.end();
    if (asked || (options.legs.empty() && !leg.optional)) plan->leg_names.emplace_back(leg.name);
  }
  std::set<const Pitfall*> chosen;
  for (const std::string& name : options.pitfalls) {
    const std::vector<const Pitfall*> meant = select(catalogue, name);
    if (meant.empty()) {
      const std::vector<std::string> names = nearest_pitfalls(catalogue, name);
      *error = fmt::format("unknown pitfall '{}' in {}; {}", name, shown_path(catalogue.root),
                           names.empty() ? "`chicane list` has them all"
                                         : "did you mean " + join(names, " or ") + "?");
      return false;
    }
    chosen.insert(meant.begin(), meant.end());
  }
  unsigned turn = 0;
  for (const Pitfall& pitfall : catalogue.pitfalls) {
    if (!chosen.empty() && !chosen.contains(&pitfall)) continue;
    if (turn++ % plan->shards == plan->shard - 1) add_pitfall(options, pitfall, plan);
  }
  if (options.pitfalls.empty()) {
    plan->problems.insert(plan->problems.begin(), catalogue.problems.begin(),
                          catalogue.problems.end());
  }
  if (plan->runs.empty() && plan->problems.empty()) {
    *error =
        plan->shards > 1
            ? fmt::format("--shard {}/{} leaves no program: there are fewer pitfalls than shards",
                          plan->shard, plan->shards)
            : "there is no such program: no file of the pitfall has this variant and form";
    return false;
  }
  return true;
}

/// Without a worker nothing that executes a program can be done: said once, not for each cell.
bool check_worker(const Plan& plan, std::string* error) {
  const bool needed =
      std::any_of(plan.leg_names.begin(), plan.leg_names.end(),
                  [](const std::string& leg) { return leg == "sched" || leg == "lockorder"; });
  const std::string worker = plan.legs.worker_dir + "/scenarios_sched";
  if (!needed || plan.runs.empty() || fs::exists(worker)) return true;
  *error = shown_path(worker) + " is not there: build it (make), or give --worker-dir";
  return false;
}

/// "1 check", "2 checks"
std::string plural(std::size_t number, const std::string& noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::vector<MatrixRow> make_rows(const Plan& plan) {
  std::vector<MatrixRow> rows;
  for (const FileRun& run : plan.runs) {
    const std::string name = run.pitfall->id() + (run.file->std_form() ? " (std)" : "");
    if (rows.empty() || rows.back().name != name) {
      rows.push_back({name, std::vector<Status>(run.legs.size(), Status::kSilent)});
    }
    for (const CellResult& cell : run.cells) {
      if (cell.native.runs == 0) continue;
      (run.file->good() ? rows.back().native_good : rows.back().native_bad) = cell.native;
    }
    for (std::size_t i = 0; i < run.legs.size(); ++i) {
      rows.back().cells[i] = combine(rows.back().cells[i], run.verdict.legs[i].status);
    }
  }
  for (const Pitfall* pitfall : plan.broken) {
    rows.push_back({pitfall->id(), std::vector<Status>(plan.leg_names.size(), Status::kFail)});
  }
  std::sort(rows.begin(), rows.end(),
            [](const MatrixRow& a, const MatrixRow& b) { return a.name < b.name; });
  return rows;
}

/// What one leg knows of a race goes to the others that have it, too.
void complete_races_of(FileRun* run) {
  const auto sched = std::find(run->legs.begin(), run->legs.end(), "sched");
  if (sched == run->legs.end()) return;
  const auto& known = run->cells[static_cast<std::size_t>(sched - run->legs.begin())].result;
  for (CellResult& cell : run->cells) {
    if (&cell.result == &known) continue;
    complete_races(cell.result.diagnoses, known.diagnoses, *sched);
  }
}

struct Counts {
  std::size_t cells = 0, failures = 0, gaps = 0, unavailable = 0;
};

Counts count(const Plan& plan) {
  Counts counts;
  for (const FileRun& run : plan.runs) {
    counts.failures += run.verdict.failures.size();
    for (const LegVerdict& leg : run.verdict.legs) {
      ++counts.cells;
      if (leg.status == Status::kGap) ++counts.gaps;
      if (leg.status == Status::kUnavailable) ++counts.unavailable;
    }
  }
  return counts;
}

bool found_something(const FileRun& run) {
  return std::any_of(run.cells.begin(), run.cells.end(),
                     [](const CellResult& cell) { return !cell.result.diagnoses.empty(); });
}

int exit_code_of(const Plan& plan, const Counts& counts) {
  const bool found = std::any_of(plan.unjudged.begin(), plan.unjudged.end(), found_something);
  if (counts.failures > 0 || !plan.problems.empty() || found) return kExitFinding;
  if (interrupted_by() != 0) return 128 + interrupted_by();
  return counts.unavailable == counts.cells ? kExitUnavailable : kExitExpected;
}

void print_unavailable(const Plan& plan) {
  std::set<std::string> said;
  for (const FileRun& run : plan.runs) {
    for (const LegVerdict& leg : run.verdict.legs) {
      if (leg.status != Status::kUnavailable) continue;
      const std::string text = fmt::format("leg {} is unavailable: {}", leg.leg, leg.why);
      if (said.insert(text).second) fmt::print("{}\n", text);
    }
  }
}

/// Everything that a person sees after the progress.
void print_outcome(const RunOptions& options, const Plan& plan, const Counts& counts,
                   double seconds) {
  const bool colour = wants_colour(stdout);
  for (const FileRun& run : plan.runs) {
    // A good program's diagnoses are failures: shown whatever the flags say.
    if (options.diagnoses || run.file->good()) fmt::print("{}", show_diagnoses(run, colour));
  }
  // An interrupted run may have no row.
  if (const std::vector<MatrixRow> rows = make_rows(plan); options.matrix && !rows.empty()) {
    fmt::print("{}\n", render_matrix(plan.leg_names, rows, colour));
    const std::string reach = render_reach(plan.runs);
    if (!reach.empty()) fmt::print("{}\n", reach);
  }
  print_unavailable(plan);
  for (const Problem& problem : plan.problems) fmt::print("{}\n", to_string(problem));
  for (const FileRun& run : plan.runs) {
    for (const Failure& failure : run.verdict.failures) fmt::print("{}\n", to_string(failure));
  }
  for (const FileRun& run : plan.unjudged) fmt::print("{}", show_diagnoses(run, colour));
  if (!plan.unjudged.empty()) {
    fmt::print("interrupted (SIG{}): {} of {} programs were not done\n",
               sigabbrev_np(interrupted_by()), plan.unjudged.size(),
               plan.unjudged.size() + plan.runs.size());
  }
  const std::size_t wrong = counts.failures + plan.problems.size();
  fmt::print(
      "{}, {}: {}{}{}; {:.1f} s\n", plural(plan.runs.size(), "program"),
      plural(counts.cells, "check"), wrong == 0 ? "all as annotated" : plural(wrong, "failure"),
      counts.gaps == 0 ? "" : ", " + plural(counts.gaps, "known gap"),
      counts.unavailable == 0 ? "" : fmt::format(", {} unavailable", counts.unavailable), seconds);
}

int run(const RunOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  Plan plan;
  std::string error;
  const bool good = check_words(options, &error) && check_numbers(options, &plan, &error);
  if (!good) return usage_error(error, "`chicane run --help` lists what there is");
  if (!options.json.empty() && !witness::can_write(options.json, &error)) return usage_error(error);
  const Catalogue catalogue = discover(options.scenarios);
  if (catalogue.pitfalls.empty()) {
    return usage_error(catalogue.problems.empty() ? options.scenarios + " has no pitfalls"
                                                  : to_string(catalogue.problems.front()));
  }
  if (!choose(options, catalogue, &plan, &error) || !make_folders(options, &plan, &error) ||
      !check_worker(plan, &error)) {
    return usage_error(error);
  }
  if (options.native &&
      std::find(plan.leg_names.begin(), plan.leg_names.end(), "tsan") == plan.leg_names.end()) {
    return usage_error(
        "--native is the leg tsan on free threads, and the leg is not among those "
        "asked for; add --leg tsan");
  }
  constexpr unsigned kNativeRuns = 20;
  if (options.native) plan.legs.native_runs = kNativeRuns;
  std::size_t cells = 0;
  for (const FileRun& run : plan.runs) cells += run.legs.size();
  {
    hand_on_interrupts();
    Progress progress(cells, !options.single());
    run_session(&plan.runs, plan.jobs, plan.legs, &progress);
  }
  const auto judged = std::stable_partition(plan.runs.begin(), plan.runs.end(),
                                            [](const FileRun& run) { return run.judged; });
  plan.unjudged.assign(std::make_move_iterator(judged), std::make_move_iterator(plan.runs.end()));
  plan.runs.erase(judged, plan.runs.end());
  for (FileRun& run : plan.runs) complete_races_of(&run);
  const Counts counts = count(plan);
  const int exit_code = exit_code_of(plan, counts);
  print_outcome(options, plan, counts,
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  const std::string path = !options.json.empty() ? options.json
                           : options.single()    ? ""
                                                 : options.witness_dir + "/report.json";
  if (!path.empty() &&
      !witness::write_whole(
          path, to_json(plan.runs, plan.problems, plan.legs, exit_code).dump(1) + "\n", &error)) {
    return usage_error(error);
  }
  return exit_code;
}

}  // namespace

void add_run(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand(
      "run", "Runs scenarios and holds what is reported against their annotations");
  command->add_option("pitfall", options->pitfalls,
                      "family/pitfall, pitfall or family; none: all of them");
  command->add_option("--leg", options->legs, "Only this leg (may be repeated)")
      ->allow_extra_args(false);
  command->add_option("--variant", options->variant, "Only bad or only good programs");
  command->add_option("--form", options->form, "Only the default or only the std form");
  add_explore_flags(*command, &options->explore);
  command->add_flag("--shrink,!--no-shrink", options->shrink, "Whether witnesses are made short");
  command->add_option("--time-limit", options->time_limit,
                      "Seconds, beyond --time, after which a worker is ended (default 45)");
  command->add_option("--json", options->json,
                      "The report (default: report.json beside witnesses)");
  command->add_option("--witness-dir", options->witness_dir, "Where witnesses go");
  command->add_option("--scenarios", options->scenarios, "The catalogue's folder");
  command->add_option("--worker-dir", options->worker_dir, "Where scenarios_sched is");
  command->add_flag("--native", options->native,
                    "Beside the leg tsan: 20 runs on free threads, as a figure");
  command->add_flag("--diagnoses,!--no-diagnoses", options->diagnoses,
                    "Whether to print the diagnoses of bad programs");
  command->add_flag("--matrix,!--no-matrix", options->matrix, "Whether to print the matrix");
  command->callback([options, exit_code] { *exit_code = run(*options); });
}

}  // namespace chicane::runner
