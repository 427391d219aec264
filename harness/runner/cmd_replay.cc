// SPDX-License-Identifier: Apache-2.0
//
// chicane replay: runs a witness again.
//
// Exit: 0 the schedule fits and shows its diagnosis (with --times: each time in the same words);
// 1 it no longer fits, shows nothing, or not the same each time; 2 the file is malformed, of
// another version or of another program; 77 the leg cannot be run here.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "report/source_map.h"
#include "runner/commands.h"
#include "runner/leg_names.h"
#include "runner/legs.h"
#include "runner/matrix.h"
#include "runner/show.h"
#include "witness/schedule_file.h"

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

struct ReplayOptions {
  std::string file, times = "1", scenarios = default_scenarios(), worker_dir = own_folder();
  bool trace = false;
};

/// What a schedule file is a schedule of.
struct Subject {
  witness::ScheduleFile schedule;
  const Pitfall* pitfall = nullptr;
  const ScenarioFile* file = nullptr;
};

/// False with `*error` when the file is not a schedule of a program of this catalogue.
bool open_subject(const ReplayOptions& options, const Catalogue& catalogue, Subject* subject,
                  std::string* error) {
  std::string text;
  if (!read_file(options.file, &text)) {
    *error = options.file + " cannot be read: is it there?";
    return false;
  }
  if (!witness::parse(text, &subject->schedule, error)) {
    *error = options.file + ": " + *error;
    return false;
  }
  const witness::ScheduleFile& schedule = subject->schedule;
  const LegInfo* leg = find_leg(schedule.leg);
  const std::string worker = schedule.leg == "tsan" ? "scenarios_tsan" : "scenarios_sched";
  if (leg == nullptr || schedule.program != worker) {
    *error = fmt::format(
        "{} is a schedule of the program '{}' under the leg '{}', not of the "
        "catalogue: replay it with that program",
        options.file, schedule.program, schedule.leg);
    return false;
  }
  const std::size_t slash = schedule.scenario.rfind('/');
  const std::string form = schedule.scenario.substr(slash + 1);
  for (const Pitfall& pitfall : catalogue.pitfalls) {
    if (slash == std::string::npos || pitfall.id() != schedule.scenario.substr(0, slash)) continue;
    subject->pitfall = &pitfall;
    subject->file = pitfall.find(form);
  }
  if (subject->file != nullptr) return true;
  *error = fmt::format("{} is a schedule of '{}', which is not in {}", options.file,
                       schedule.scenario, shown_path(catalogue.root));
  return false;
}

/// Every step of the run, with its innermost place in the user's code.
std::string render_trace(const Diagnosis& diagnosis) {
  std::string text;
  for (const Step& step : diagnosis.steps) {
    const Frame* frame = report::user_frame(step.stack);
    const std::string place =
        frame != nullptr && frame->line > 0
            ? fmt::format("{}:{}", report::base_name(frame->file), frame->line)
            : "";
    std::string value = step.value;
    if (!step.value_after.empty() && step.value_after != step.value) {
      value += (value.empty() ? "-> " : " -> ") + step.value_after;
    }
    text += fmt::format(
        "{:>5} {} thread {:<3} {:<14} {:<20} {:<16} {}\n", step.step, step.forced ? ">" : " ",
        step.thread,
        step.operation +
            (step.outcome.empty() || step.outcome == "done" ? "" : " (" + step.outcome + ")"),
        step.object, value, place);
  }
  return text;
}

std::string render_result(const ReplayOptions& options, const Subject& subject, Result result) {
  std::string text;
  for (Diagnosis& diagnosis : result.diagnoses) {
    diagnosis.witness = shown_path(options.file);
    text += show_diagnosis(diagnosis, *subject.pitfall, *subject.file, wants_colour(stdout));
    if (options.trace) text += render_trace(diagnosis);
  }
  return text;
}

int replay_times(const ReplayOptions& options, const Subject& subject, std::uint64_t times,
                 const LegOptions& legs) {
  std::string first;
  for (std::uint64_t i = 1; i <= times; ++i) {
    const CellResult cell = replay_cell(subject.schedule.scenario, subject.schedule.leg,
                                        fs::absolute(options.file).string(), legs);
    if (!cell.result.error.empty()) {
      fmt::print(stderr, "chicane: {}: {}\n", options.file, cell.result.error);
      return cell.result.unavailable ? kExitUnavailable : kExitFinding;
    }
    const std::string text = render_result(options, subject, cell.result);
    if (text.empty()) {
      fmt::print(stderr, "chicane: {}: the schedule fits, but shows no {} any more\n", options.file,
                 subject.schedule.kind);
      return kExitFinding;
    }
    if (i == 1) {
      first = text;
      fmt::print("{}", text);
    } else if (text != first) {
      fmt::print("replay {} of {} differs from the first:\n{}", i, times, text);
      return kExitFinding;
    }
  }
  if (times > 1) fmt::print("{} replays, the same text each time\n", times);
  return kExitExpected;
}

int replay(const ReplayOptions& options) {
  std::string error;
  std::uint64_t times = 1;
  if (!parse_number("--times", options.times, 1, &times, &error)) return usage_error(error);
  const Catalogue catalogue = discover(options.scenarios);
  Subject subject;
  if (!open_subject(options, catalogue, &subject, &error)) return usage_error(error);
  LegOptions legs;
  legs.worker_dir = options.worker_dir;
  legs.work_dir =
      (fs::temp_directory_path() / ("chicane-replay-" + std::to_string(getpid()))).string();
  std::error_code problem;
  fs::create_directories(legs.work_dir, problem);
  if (problem) return usage_error(legs.work_dir + " cannot be made: " + problem.message());
  const int exit_code = replay_times(options, subject, times, legs);
  fs::remove_all(legs.work_dir, problem);
  return exit_code;
}

}  // namespace

void add_replay(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand("replay", "Runs a witness again and shows its diagnosis");
  command->add_option("file", options->file, "A schedule file (*.chicane)")->required();
  command->add_flag("--trace", options->trace, "Every step of the run; '>' marks forced switches");
  command->add_option("--times", options->times, "As often; the text must be the same each time");
  command->add_option("--scenarios", options->scenarios, "The catalogue's folder");
  command->add_option("--worker-dir", options->worker_dir, "Where scenarios_sched is");
  command->footer(
      "Exit: 0 it shows its diagnosis, 1 it no longer fits or shows something else,\n"
      "2 malformed, or of another version or program.");
  command->callback([options, exit_code] { *exit_code = replay(*options); });
}

}  // namespace chicane::runner
