// SPDX-License-Identifier: Apache-2.0
//
// chicane explore: a whole program under many schedules.
//
// Exit: 0 nothing was found; 1 a finding; 2 usage, or a program that cannot be explored; 77 the leg
// is not available.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "report/result_json.h"
#include "report/terminal.h"
#include "report/text.h"
#include "runner/command_name.h"
#include "runner/commands.h"
#include "runner/explore_flags.h"
#include "runner/legs.h"
#include "runner/matrix.h"
#include "runner/process.h"
#include "runner/program_file.h"
#include "runner/program_run.h"
#include "runner/reach.h"
#include "witness/whole_file.h"

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

struct ExploreCommand {
  ExploreFlags explore;
  std::string leg = "sched", isolation = "run", json, witness_dir = "chicane-witnesses";
  std::vector<std::string> allowed_exits, program;
  bool output = false, shrink = true;
};

bool read_statuses(const ExploreCommand& command, Session* session, std::string* error) {
  for (const std::string& text : command.allowed_exits) {
    std::uint64_t value = 0;
    if (text == "any") {
      session->allowed_statuses.push_back(-1);
      continue;
    }
    if (!parse_number("--allow-exit", text, 0, &value, error)) return false;
    if (value > 255) {
      *error = fmt::format("an exit status is at most 255, not {}", value);
      return false;
    }
    session->allowed_statuses.push_back(static_cast<int>(value));
  }
  return true;
}

bool read_flags(const ExploreCommand& command, Session* session, std::string* error) {
  ExploreSettings settings;
  if (!read_explore_flags(command.explore, &settings, error)) return false;
  session->arguments = explore_arguments(settings);
  if (!check_word("leg", command.leg, {"sched", "lockorder", "tsan"}, error)) return false;
  if (!check_word("isolation", command.isolation, {"run", "batch"}, error)) return false;
  session->leg = command.leg;
  parse_isolation(command.isolation, &session->isolation);
  session->show_output = command.output;
  session->as_found = !command.shrink;
  return read_statuses(command, session, error);
}

/// An earlier exploration's witnesses would be mistaken for this one's.
void remove_witnesses(const Session& session) {
  const std::string stem = session.program + "." + session.leg + ".";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(session.witness_dir, error)) {
    const std::string file = entry.path().filename().string();
    if (!file.starts_with(stem) || !file.ends_with(".chicane")) continue;
    const std::string number = file.substr(stem.size(), file.size() - stem.size() - 8);
    if (std::all_of(number.begin(), number.end(), [](char c) { return isdigit(c) != 0; })) {
      fs::remove(entry.path(), error);
    }
  }
}

std::string render(const Session& session, const ProgramResult& run) {
  const Result& result = run.result;
  std::string text;
  for (const Diagnosis& diagnosis : result.diagnoses) {
    report::TerminalOptions options;
    options.command = command_name();
    options.program = session.program;
    options.color = wants_colour(stdout);
    text += report::render(diagnosis, options) + "\n";
  }
  const std::size_t count = result.diagnoses.size();
  text += fmt::format("{}: {}; {} ({}, seed {}), {:.1f} s\n", session.program,
                      count == 0   ? "no defect found"
                      : count == 1 ? "1 diagnosis"
                                   : fmt::format("{} diagnoses", count),
                      reach_of(result), session.leg, result.seed, run.seconds);
  if (!result.summary.empty()) text += result.summary + "\n";
  const std::string search = search_of(result);
  if (!search.empty()) text += search + "\n";
  for (const std::string& module : result.modules_not_instrumented) {
    text += fmt::format("not instrumented: {} (its calls are seen, its plain accesses are not)\n",
                        module);
  }
  return text;
}

int explore(const ExploreCommand& command) {
  Session session;
  std::string error;
  if (!read_flags(command, &session, &error) ||
      (!command.json.empty() && !witness::can_write(command.json, &error))) {
    return usage_error(error);
  }
  const std::string path = find_program(command.program[0]);
  const Problem problem = inspect_program(command.program[0], path);
  if (!problem.what.empty()) return usage_error(problem.what, problem.instead);
  session.command = command.program;
  session.command[0] = fs::absolute(path).lexically_normal().string();
  session.program = fs::path(path).filename().string();
  session.witness_dir = fs::absolute(command.witness_dir).string();
  if (!keep_standard_input(session.witness_dir, &session.standard_input, &error)) {
    return usage_error(error);
  }
  session.terminal = isatty(STDIN_FILENO) == 1;
  remove_witnesses(session);
  hand_on_interrupts();
  ProgramResult run = run_program(session);
  for (Diagnosis& diagnosis : run.result.diagnoses) {
    if (!diagnosis.witness.empty()) diagnosis.witness = shown_path(diagnosis.witness);
  }
  if (!command.json.empty() &&
      !witness::write_whole(command.json, report::to_text(run.result), &error)) {
    return usage_error(error);
  }
  if (!run.result.error.empty()) {
    fmt::print(stderr, "chicane: error: {}\n", run.result.error);
    return run.result.unavailable ? kExitUnavailable : kExitUsage;
  }
  fmt::print("{}", render(session, run));
  const auto confirmed = [](const Diagnosis& diagnosis) { return diagnosis.confirmed; };
  const auto& diagnoses = run.result.diagnoses;
  if (std::any_of(diagnoses.begin(), diagnoses.end(), confirmed)) return kExitFinding;
  return run.result.signal != 0 ? 128 + run.result.signal : kExitExpected;
}

}  // namespace

void add_explore(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<ExploreCommand>();
  CLI::App* command = app.add_subcommand("explore", "Runs a whole program under many schedules");
  add_explore_flags(*command, &options->explore);
  command->add_option("--leg", options->leg, "sched (the default), lockorder or tsan");
  command->add_option(
      "--isolate", options->isolation,
      "run (the default): each run has a process of its own; batch: main is called again and again "
      "in one, which is faster; the program's variables are put back, but not with --leg tsan");
  command
      ->add_option("--allow-exit", options->allowed_exits,
                   "An exit status other than 0 that is no finding; `any`: every one")
      ->allow_extra_args(false);
  command->add_option("--json", options->json, "Where the result goes as JSON");
  command->add_option("--witness-dir", options->witness_dir,
                      "Where witnesses go (default: chicane-witnesses)");
  command->add_flag("--shrink,!--no-shrink", options->shrink, "Whether witnesses are made short");
  command->add_flag("--output", options->output, "Show what the program writes, in all its runs");
  command->add_option("program", options->program, "-- and the program with its arguments")
      ->required();
  command->positionals_at_end();
  command->footer(
      "The program is one that chicane-c++ or chicane-cc built; its standard input must be a file\n"
      "or a pipe. Exit: 0 nothing was found, 1 a finding, 2 usage or a program that cannot be\n"
      "explored, 77 the leg is not available.");
  command->callback([options, exit_code] { *exit_code = explore(*options); });
}

}  // namespace chicane::runner
