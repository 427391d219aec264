// SPDX-License-Identifier: Apache-2.0
#include "runner/subject.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "report/terminal.h"
#include "runner/command_name.h"
#include "runner/commands.h"
#include "runner/leg_names.h"
#include "runner/matrix.h"
#include "runner/process.h"
#include "runner/program_file.h"
#include "runner/show.h"

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

std::string in_words(const witness::Variable& variable) {
  return variable.set ? "'" + variable.value + "'" : "not set";
}

/// Tells which variables are no longer as the program found them when the schedule was made;
/// `restore`: makes them so.
void compare_environment(const witness::ScheduleFile& schedule, bool restore) {
  for (const witness::Variable& variable : schedule.environment) {
    const char* value = std::getenv(variable.name.c_str());
    const witness::Variable now{variable.name, value != nullptr, value != nullptr ? value : ""};
    if (now == variable) continue;
    fmt::print(stderr, "chicane: note: {} was {} when the schedule was made, and is {} now: {}\n",
               variable.name, in_words(variable), in_words(now),
               restore ? "the program gets it as it was" : "the program gets it as it is");
    if (restore && variable.set) setenv(variable.name.c_str(), variable.value.c_str(), 1);
    if (restore && !variable.set) unsetenv(variable.name.c_str());
  }
}

std::string worker_of(const std::string& leg) {
  return leg == "tsan" ? "scenarios_tsan" : "scenarios_sched";
}

}  // namespace

Subject::~Subject() {
  std::error_code ignored;
  if (!legs_.work_dir.empty()) fs::remove_all(legs_.work_dir, ignored);
}

bool Subject::open(const SubjectFlags& flags, std::string* error, std::string* instead) {
  if (!read_file(flags.file, &text_)) {
    *error = flags.file + " cannot be read: is it there?";
    return false;
  }
  if (!witness::parse(text_, &schedule_, error)) {
    *error = flags.file + ": " + *error;
    return false;
  }
  path_ = fs::absolute(flags.file).string();
  shown_ = shown_path(flags.file);
  return schedule_.command.empty() ? open_scenario(flags, error)
                                   : open_program(flags, error, instead);
}

bool Subject::open_scenario(const SubjectFlags& flags, std::string* error) {
  if (find_leg(schedule_.leg) == nullptr || schedule_.program != worker_of(schedule_.leg)) {
    *error = fmt::format(
        "{} is a schedule of the program '{}' under the leg '{}', not of the "
        "catalogue: replay it with that program",
        flags.file, schedule_.program, schedule_.leg);
    return false;
  }
  catalogue_ = discover(flags.scenarios);
  const std::size_t slash = schedule_.scenario.rfind('/');
  for (const Pitfall& pitfall : catalogue_.pitfalls) {
    if (slash == std::string::npos || pitfall.id() != schedule_.scenario.substr(0, slash)) continue;
    pitfall_ = &pitfall;
    file_ = pitfall.find(schedule_.scenario.substr(slash + 1));
  }
  if (file_ == nullptr) {
    *error = fmt::format("{} is a schedule of '{}', which is not in {}", flags.file,
                         schedule_.scenario, shown_path(catalogue_.root));
    return false;
  }
  legs_.worker_dir = flags.worker_dir;
  legs_.work_dir =
      (fs::temp_directory_path() / ("chicane-witness-" + std::to_string(getpid()))).string();
  std::error_code problem;
  fs::create_directories(legs_.work_dir, problem);
  if (problem) *error = legs_.work_dir + " cannot be made: " + problem.message();
  return !problem;
}

bool Subject::open_program(const SubjectFlags& flags, std::string* error, std::string* instead) {
  session_.command = flags.program.empty() ? schedule_.command : flags.program;
  const std::string path = find_program(session_.command[0]);
  const Problem problem = inspect_program(session_.command[0], path);
  if (!problem.what.empty()) {
    *error = problem.what;
    *instead = path.empty() && flags.program.empty()
                   ? "say where it is now: chicane replay FILE -- ./prog arguments"
                   : problem.instead;
    return false;
  }
  session_.command[0] = fs::absolute(path).lexically_normal().string();
  // As the program itself will see it.
  std::error_code failure;
  const std::string name = fs::canonical(path, failure).filename().string();
  *error = witness::other_program(schedule_, name, schedule_.scenario);
  if (!failure && !error->empty()) return false;
  error->clear();
  compare_environment(schedule_, flags.program.empty());
  session_.program = schedule_.program;
  session_.leg = schedule_.leg;
  session_.schedule = text_;
  session_.standard_input = schedule_.standard_input;
  parse_isolation(schedule_.isolation, &session_.isolation);
  if (flags.program.empty()) fs::current_path(schedule_.directory, failure);
  if (!failure) return true;
  *error = fmt::format("{} is not there any more: the program ran in it", schedule_.directory);
  *instead = "say how to run it now: chicane replay FILE -- ./prog arguments";
  return false;
}

ProgramResult Subject::run(const SubjectTask& task) const {
  const bool shrinks = task.action != SubjectTask::Action::kReplay;
  ExploreSettings settings;
  if (task.time_limit > 0) settings.time_limit = task.time_limit;
  std::vector<std::string> arguments = explore_arguments(settings);
  if (pitfall_ == nullptr) {
    Session session = session_;
    session.arguments = arguments;
    session.shorten = task.action == SubjectTask::Action::kShrink;
    session.check = task.action == SubjectTask::Action::kCheck;
    session.whole_trace = task.whole_trace;
    return run_program(session);
  }
  arguments.insert(arguments.end(), {shrinks ? "--shrink" : "--replay", path_});
  if (task.action == SubjectTask::Action::kCheck) arguments.emplace_back("--check");
  if (task.whole_trace) arguments.emplace_back("--whole-trace");
  const CellResult cell = witness_cell(schedule_.scenario, schedule_.leg, arguments, legs_);
  return {cell.result, cell.seconds, {}};
}

int Subject::debug(std::uint64_t step) const {
  const std::vector<std::string> gdb = {
      "gdb", "-q",
      // The run is in a child; threads of the program are fibers on its one thread.
      "-ex", "set follow-fork-mode child", "-ex", "set breakpoint pending on", "-ex",
      "set print thread-events off", "-ex", "break chicane_decisive_step", "-ex", "run", "-ex",
      "backtrace", "--args"};
  if (pitfall_ == nullptr) {
    Session session = session_;
    session.stop_at_step = step;
    return run_under(gdb, session);
  }
  return run_on_terminal(gdb, {legs_.worker_dir + "/" + worker_of(schedule_.leg), "--scenario",
                               schedule_.scenario, "--leg", schedule_.leg, "--replay", path_,
                               "--stop-at", std::to_string(step), "--json", "/dev/null"});
}

std::string Subject::show(Diagnosis diagnosis) const {
  diagnosis.witness = shown_;
  if (pitfall_ != nullptr) {
    return show_diagnosis(diagnosis, *pitfall_, *file_, wants_colour(stdout));
  }
  report::TerminalOptions terminal;
  terminal.command = command_name();
  terminal.program = schedule_.program;
  terminal.color = wants_colour(stdout);
  return report::render(diagnosis, terminal);
}

void add_subject_flags(CLI::App& command, SubjectFlags* flags) {
  flags->scenarios = default_scenarios();
  flags->worker_dir = own_folder();
  command.add_option("file", flags->file, "A schedule file (*.chicane)")->required();
  command.add_option("program", flags->program,
                     "-- and how to start the program, where it is not as the file says");
  command.add_option("--scenarios", flags->scenarios, "The catalogue's folder");
  command.add_option("--worker-dir", flags->worker_dir, "Where scenarios_sched is");
}

}  // namespace chicane::runner
