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
#include <functional>

#include "report/source_map.h"
#include "report/terminal.h"
#include "runner/command_name.h"
#include "runner/commands.h"
#include "runner/leg_names.h"
#include "runner/legs.h"
#include "runner/matrix.h"
#include "runner/program_file.h"
#include "runner/program_run.h"
#include "runner/show.h"
#include "witness/schedule_file.h"

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

struct ReplayOptions {
  std::string file, times = "1", scenarios = default_scenarios(), worker_dir = own_folder();
  std::string shown;                 // the file, as suggested commands name it
  std::vector<std::string> program;  // instead of the one in the file
  bool trace = false;
};

/// What a schedule file is a schedule of.
struct Subject {
  std::string text;
  witness::ScheduleFile schedule;
  const Pitfall* pitfall = nullptr;
  const ScenarioFile* file = nullptr;
};

bool open_schedule(const ReplayOptions& options, Subject* subject, std::string* error) {
  if (!read_file(options.file, &subject->text)) {
    *error = options.file + " cannot be read: is it there?";
    return false;
  }
  if (witness::parse(subject->text, &subject->schedule, error)) return true;
  *error = options.file + ": " + *error;
  return false;
}

/// False with `*error` when the file is not a schedule of a program of this catalogue.
bool open_subject(const ReplayOptions& options, const Catalogue& catalogue, Subject* subject,
                  std::string* error) {
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

std::string render_one(const Subject& subject, const Diagnosis& diagnosis) {
  if (subject.pitfall != nullptr) {
    return show_diagnosis(diagnosis, *subject.pitfall, *subject.file, wants_colour(stdout));
  }
  report::TerminalOptions terminal;
  terminal.command = command_name();
  terminal.program = subject.schedule.program;
  terminal.color = wants_colour(stdout);
  return report::render(diagnosis, terminal);
}

std::string render_result(const ReplayOptions& options, const Subject& subject, Result result) {
  std::string text;
  for (Diagnosis& diagnosis : result.diagnoses) {
    diagnosis.witness = options.shown;
    text += render_one(subject, diagnosis);
    if (options.trace) text += render_trace(diagnosis);
  }
  return text;
}

/// What the program wrote in this run, as part of the text.
std::string render_output(const std::string& output) {
  if (output.empty()) return {};
  std::string text = "  the program wrote:\n";
  for (const std::string& line : split_lines(output)) text += "  | " + line + "\n";
  return text;
}

int replay_times(const ReplayOptions& options, const Subject& subject, std::uint64_t times,
                 const std::function<ProgramResult()>& run) {
  std::string first;
  for (std::uint64_t i = 1; i <= times; ++i) {
    const ProgramResult cell = run();
    if (!cell.result.error.empty()) {
      fmt::print(stderr, "chicane: {}: {}\n", options.file, cell.result.error);
      return cell.result.unavailable ? kExitUnavailable : kExitFinding;
    }
    std::string text = render_result(options, subject, cell.result);
    if (!text.empty()) text += render_output(cell.output);
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

int replay_scenario(const ReplayOptions& options, Subject* subject, std::uint64_t times) {
  std::string error;
  const Catalogue catalogue = discover(options.scenarios);
  if (!open_subject(options, catalogue, subject, &error)) return usage_error(error);
  LegOptions legs;
  legs.worker_dir = options.worker_dir;
  legs.work_dir =
      (fs::temp_directory_path() / ("chicane-replay-" + std::to_string(getpid()))).string();
  std::error_code problem;
  fs::create_directories(legs.work_dir, problem);
  if (problem) return usage_error(legs.work_dir + " cannot be made: " + problem.message());
  const int exit_code = replay_times(options, *subject, times, [&] {
    const CellResult cell = replay_cell(subject->schedule.scenario, subject->schedule.leg,
                                        fs::absolute(options.file).string(), legs);
    return ProgramResult{cell.result, cell.seconds, {}};
  });
  fs::remove_all(legs.work_dir, problem);
  return exit_code;
}

int replay_program(const ReplayOptions& options, const Subject& subject, std::uint64_t times) {
  const witness::ScheduleFile& schedule = subject.schedule;
  Session session;
  session.command = options.program.empty() ? schedule.command : options.program;
  const std::string path = find_program(session.command[0]);
  const Problem problem = inspect_program(session.command[0], path);
  if (!problem.what.empty()) {
    const bool moved = path.empty() && options.program.empty();
    return usage_error(
        problem.what,
        moved ? "say where it is now: chicane replay FILE -- ./prog arguments" : problem.instead);
  }
  session.command[0] = fs::absolute(path).lexically_normal().string();
  session.program = schedule.program;
  session.leg = schedule.leg;
  session.schedule = subject.text;
  session.standard_input = schedule.standard_input;
  parse_isolation(schedule.isolation, &session.isolation);
  std::error_code error;
  if (options.program.empty()) fs::current_path(schedule.directory, error);
  if (error) {
    return usage_error(
        fmt::format("{} is not there any more: the program ran in it", schedule.directory),
        "say how to run it now: chicane replay FILE -- ./prog arguments");
  }
  return replay_times(options, subject, times, [&] { return run_program(session); });
}

int replay(ReplayOptions options) {
  std::string error;
  std::uint64_t times = 1;
  if (!parse_number("--times", options.times, 1, &times, &error)) return usage_error(error);
  Subject subject;
  if (!open_schedule(options, &subject, &error)) return usage_error(error);
  options.shown = shown_path(options.file);
  if (subject.schedule.command.empty()) return replay_scenario(options, &subject, times);
  return replay_program(options, subject, times);
}

}  // namespace

void add_replay(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand("replay", "Runs a witness again and shows its diagnosis");
  command->add_option("file", options->file, "A schedule file (*.chicane)")->required();
  command->add_option("program", options->program,
                      "-- and how to start the program, where it is not as the file says");
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
