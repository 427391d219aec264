// SPDX-License-Identifier: Apache-2.0
//
// chicane replay: runs a witness again.
//
// Exit: 0 the schedule fits and shows its diagnosis (with --times: each time in the same words);
// 1 it no longer fits, shows nothing, or not the same each time; 2 the file is malformed, of
// another version or of another program; 77 the leg, or gdb, is not to be had here.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "runner/commands.h"
#include "runner/stepper.h"
#include "runner/subject.h"

namespace chicane::runner {
namespace {

struct ReplayOptions {
  SubjectFlags subject;
  std::string times = "1";
  bool trace = false, step = false, gdb = false;
};

/// One replay; false with `*exit_code` when it does not show its diagnosis.
bool replay_once(const ReplayOptions& options, const Subject& subject, ProgramResult* run,
                 int* exit_code) {
  *run = subject.run({.whole_trace = options.trace || options.step || options.gdb});
  if (run->result.error.empty() && !run->result.diagnoses.empty()) return true;
  fmt::print(stderr, "chicane: {}: {}\n", options.subject.file,
             run->result.error.empty()
                 ? "the schedule fits, but shows no " + subject.schedule().kind + " any more"
                 : run->result.error);
  *exit_code = run->result.unavailable ? kExitUnavailable : kExitFinding;
  return false;
}

/// What the program wrote in this run, as part of the text.
std::string render_output(const std::string& output) {
  if (output.empty()) return {};
  std::string text = "  the program wrote:\n";
  for (const std::string& line : split_lines(output)) text += "  | " + line + "\n";
  return text;
}

int replay_times(const ReplayOptions& options, const Subject& subject, std::uint64_t times) {
  std::string first;
  for (std::uint64_t i = 1; i <= times; ++i) {
    ProgramResult run;
    int exit_code = kExitExpected;
    if (!replay_once(options, subject, &run, &exit_code)) return exit_code;
    std::string text;
    for (const Diagnosis& diagnosis : run.result.diagnoses) {
      text += subject.show(diagnosis);
      if (options.trace) text += render_trace(diagnosis);
    }
    text += render_output(run.output);
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

int replay_stepwise(const ReplayOptions& options, const Subject& subject) {
  ProgramResult run;
  int exit_code = kExitExpected;
  if (!replay_once(options, subject, &run, &exit_code)) return exit_code;
  step_through(run.result.diagnoses.front(), std::cin, std::cout);
  return kExitExpected;
}

int replay_under_gdb(const ReplayOptions& options, const Subject& subject) {
  ProgramResult run;
  int exit_code = kExitExpected;
  if (!replay_once(options, subject, &run, &exit_code)) return exit_code;
  const Diagnosis& diagnosis = run.result.diagnoses.front();
  const std::uint64_t step = decisive_step(diagnosis);
  fmt::print("stopping after step {} of {}, the decisive one; `up` leads to the program's frames\n",
             step, diagnosis.steps.empty() ? 0 : diagnosis.steps.back().step);
  std::fflush(nullptr);
  const int status = subject.debug(step);
  if (status >= 0) return status;
  fmt::print(stderr, "chicane: gdb cannot be started ({}): apt-get install gdb\n",
             std::strerror(errno));
  return kExitUnavailable;
}

int replay(const ReplayOptions& options) {
  std::string error, instead;
  std::uint64_t times = 1;
  if (!parse_number("--times", options.times, 1, &times, &error)) return usage_error(error);
  if (options.step + options.gdb + (times > 1 ? 1 : 0) > 1) {
    return usage_error("--times, --step and --gdb exclude each other");
  }
  Subject subject;
  if (!subject.open(options.subject, &error, &instead)) return usage_error(error, instead);
  if (options.step) return replay_stepwise(options, subject);
  if (options.gdb) return replay_under_gdb(options, subject);
  return replay_times(options, subject, times);
}

}  // namespace

void add_replay(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<ReplayOptions>();
  CLI::App* command = app.add_subcommand("replay", "Runs a witness again and shows its diagnosis");
  add_subject_flags(*command, &options->subject);
  command->add_flag("--trace", options->trace, "Every event of the run; '>' marks forced switches");
  command->add_flag("--step", options->step, "Event by event, as you press Enter");
  command->add_flag("--gdb", options->gdb, "Under gdb, stopped at the decisive step");
  command->add_option("--times", options->times, "As often; the text must be the same each time");
  command->footer(
      "Exit: 0 it shows its diagnosis, 1 it no longer fits or shows something else,\n"
      "2 malformed, or of another version or program, 77 the leg or gdb is not to be had.");
  command->callback([options, exit_code] { *exit_code = replay(*options); });
}

}  // namespace chicane::runner
