// SPDX-License-Identifier: Apache-2.0
//
// What a schedule file is a schedule of, a scenario of the catalogue or a whole program, for the
// commands that take one: opened, run as they ask, and shown.
//
// Thread safety: main thread only.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "runner/discovery.h"
#include "runner/legs.h"
#include "runner/program_run.h"
#include "witness/schedule_file.h"

namespace chicane::runner {

/// As written.
struct SubjectFlags {
  std::string file, scenarios, worker_dir;
  std::vector<std::string> program;  // instead of the one in the file
};

/// What is to be done with the schedule.
struct SubjectTask {
  enum class Action : std::uint8_t { kReplay, kShrink, kCheck };
  Action action = Action::kReplay;
  bool whole_trace = false;
  /// For kShrink and kCheck: so many seconds at most; 0: until it is done.
  double time_limit = 0;
};

class Subject {
 public:
  Subject() = default;
  /// Removes its temporary folder.
  ~Subject();
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;

  /// False with `*error`, and what to do in `*instead`, when the file is no schedule, or none of a
  /// program that is here.
  bool open(const SubjectFlags& flags, std::string* error, std::string* instead);
  const witness::ScheduleFile& schedule() const { return schedule_; }
  ProgramResult run(const SubjectTask& task) const;
  /// A replay under gdb, stopped after `step`: gdb's exit status; -1 with errno when it is not
  /// here.
  int debug(std::uint64_t step) const;
  /// The diagnosis as people read it.
  std::string show(Diagnosis diagnosis) const;

 private:
  bool open_scenario(const SubjectFlags& flags, std::string* error);
  bool open_program(const SubjectFlags& flags, std::string* error, std::string* instead);
  std::string path_, shown_;  // of the schedule file: absolute; as suggested commands name it
  std::string text_;
  witness::ScheduleFile schedule_;
  // Of a scenario; null for a whole program.
  Catalogue catalogue_;
  const Pitfall* pitfall_ = nullptr;
  const ScenarioFile* file_ = nullptr;
  LegOptions legs_;
  // Of a whole program.
  Session session_;
};

void add_subject_flags(CLI::App& command, SubjectFlags* flags);

}  // namespace chicane::runner
