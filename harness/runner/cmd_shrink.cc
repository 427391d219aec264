// SPDX-License-Identifier: Apache-2.0
//
// chicane shrink: makes a witness short, or says whether it is.
//
// Exit: 0 done (with --check: it is 1-minimal), or the time was over, and the best so far is
// written; 1 it does not show its diagnosis any more (with --check: or it is not 1-minimal, or that
// was not seen in time); 2 the file is malformed, or cannot be written; 77 the leg is not to be had
// here; 128 + n signal n interrupted it, and the best so far is written.
#include <fmt/format.h>

#include <cstring>
#include <filesystem>

#include "report/text.h"
#include "runner/command_name.h"
#include "runner/commands.h"
#include "runner/explore_options.h"
#include "runner/process.h"
#include "runner/subject.h"

namespace chicane::runner {
namespace {

struct ShrinkOptions {
  SubjectFlags subject;
  std::string output, time;
  bool check = false;
};

std::string switches(int count) {
  return fmt::format("{} forced switch{}", count, count == 1 ? "" : "es");
}

/// "x.chicane" -> "x.short.chicane"
std::string beside(std::string path) {
  const std::string suffix = ".chicane";
  if (path.ends_with(suffix)) path.resize(path.size() - suffix.size());
  return path + ".short" + suffix;
}

/// Why it was not made short to the end.
std::string reason(const Result& result) {
  if (result.signal != 0) return fmt::format("interrupted (SIG{})", sigabbrev_np(result.signal));
  return result.ended_by == "time" ? "the time was over" : "";
}

int report_check(const ShrinkOptions& options, const Result& result) {
  const std::string& file = options.subject.file;
  const Diagnosis& diagnosis = result.diagnoses.front();
  if (const std::string why = reason(result); !why.empty()) {
    fmt::print("{}: {}, {}: not checked to the end: {}\n", file, diagnosis.kind,
               switches(diagnosis.forced_switches), why);
    return result.signal != 0 ? 128 + result.signal : kExitFinding;
  }
  if (diagnosis.minimal) {
    fmt::print("{}: {}, {}: 1-minimal\n", file, diagnosis.kind,
               switches(diagnosis.forced_switches));
    return kExitExpected;
  }
  fmt::print("{}: {}, {}: one of them is not needed; {} shrink {}\n", file, diagnosis.kind,
             switches(diagnosis.forced_switches), command_name(), report::for_shell(file));
  return kExitFinding;
}

int write_short(const ShrinkOptions& options, const Subject& subject, const Result& result) {
  const Diagnosis& diagnosis = result.diagnoses.front();
  witness::ScheduleFile schedule;
  std::string error;
  if (!witness::parse(diagnosis.schedule, &schedule, &error)) return usage_error(error);
  int before = 0;
  for (const witness::Choice& choice : subject.schedule().choices) before += choice.record.forced;
  const std::string path = options.output.empty() ? beside(options.subject.file) : options.output;
  if (!witness::save(path, schedule, &error)) {
    return usage_error(error, "say where the short one goes: --output FILE");
  }
  fmt::print("{}: {}, {} choices and {} (were {} and {})\n", shown_path(path), diagnosis.kind,
             schedule.choices.size(), switches(diagnosis.forced_switches),
             subject.schedule().choices.size(), before);
  if (!diagnosis.minimal) {
    const std::string why = reason(result);
    fmt::print("not made short to the end{}; `{} shrink {}` goes on from there\n",
               why.empty() ? why : ": " + why, command_name(), report::for_shell(shown_path(path)));
  }
  return result.signal != 0 ? 128 + result.signal : kExitExpected;
}

int shrink(const ShrinkOptions& options) {
  std::string error, instead;
  if (options.check && !options.output.empty()) {
    return usage_error("--check writes nothing: leave out --output");
  }
  SubjectTask task{.action =
                       options.check ? SubjectTask::Action::kCheck : SubjectTask::Action::kShrink};
  if (!options.time.empty() && !parse_duration("--time", options.time, &task.time_limit, &error)) {
    return usage_error(error);
  }
  // A whole program runs in its own folder.
  ShrinkOptions absolute = options;
  if (!options.output.empty()) absolute.output = std::filesystem::absolute(options.output).string();
  absolute.subject.file = std::filesystem::absolute(options.subject.file).string();
  Subject subject;
  if (!subject.open(options.subject, &error, &instead)) return usage_error(error, instead);
  hand_on_interrupts();
  const Result result = subject.run(task).result;
  if (!result.error.empty() || result.diagnoses.empty()) {
    fmt::print(stderr, "chicane: {}: {}\n", options.subject.file, result.error);
    return result.unavailable ? kExitUnavailable : kExitFinding;
  }
  const Diagnosis& diagnosis = result.diagnoses.front();
  if (diagnosis.kind != subject.schedule().kind) {
    fmt::print(stderr, "chicane: {}: {}\n", options.subject.file, diagnosis.message);
    return kExitFinding;
  }
  return options.check ? report_check(options, result) : write_short(absolute, subject, result);
}

}  // namespace

void add_shrink(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<ShrinkOptions>();
  CLI::App* command = app.add_subcommand("shrink", "Makes a witness short");
  add_subject_flags(*command, &options->subject);
  command->add_option("-o,--output", options->output,
                      "Where the short one goes (default: beside it, as *.short.chicane)");
  command->add_option("--time", options->time,
                      "How long at most: 60s, 2m; then the best so far is written");
  command->add_flag("--check", options->check,
                    "Only whether leaving out any one forced switch loses the diagnosis");
  command->callback([options, exit_code] { *exit_code = shrink(*options); });
}

}  // namespace chicane::runner
