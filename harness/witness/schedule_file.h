// SPDX-License-Identifier: Apache-2.0
//
// Schedule files: a witness as text that can be kept, mailed, read and replayed.
//
//     chicane schedule 2
//     program: scenarios_sched
//     scenario: data_races/unlocked_counter/bad
//     leg: sched
//     ...
//     minimal: yes                         none of its switches can be left out: that was seen
//     command: /home/me/queue --fast       of a whole program, with directory, stdin and isolation
//     env: QUEUE_SIZE 3                    what it asked for of its environment; no value: not set
//     racy: scenarios_sched +1a2b increment +2c bad.cc:12
//     steps:
//     1 thread 1/2 lock mu bad.cc:9
//     2 switch 2/2 write counter bad.cc:12
//     3 outcome 0/3 select - bad.cc:20
//     end
//
// A step is: number, what is chosen ("thread", "switch" for a thread that runs although the one
// before could have gone on, or "outcome"), the chosen thread's id or outcome's index / how many
// there were, the operation, its object and its place. Object and place are for people, and for
// telling where a replay left the file. "#" begins a comment line.
//
// Thread safety: pure functions, but for load and save.
// Invariants:
//   I1. parse(format(f)) == f.
//   I2. A file that was cut anywhere before its "end" is an error, as is any line that format would
//       not write; nothing is guessed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/finding.h"

namespace chicane::witness {

inline constexpr int kScheduleVersion = 2;

/// One choice, with what it was about in words.
struct Choice {
  engine::ChoiceRecord record{};
  std::string object;  // "counter", "lock 1"; empty: none
  std::string place;   // "bad.cc:12"; empty: unknown
};
bool operator==(const Choice& a, const Choice& b);

/// A plain access that is an operation in this schedule, because it is known to race. The offset in
/// the module finds it again in the same build; in another one, the function's symbol and the
/// offset in it do, or the line, if that function itself has changed.
struct RacySite {
  std::string module;  // base name of the executable or library
  std::uint64_t offset = 0;
  std::string symbol;  // of the function, as the linker knows it
  std::uint64_t offset_in_symbol = 0;
  std::string place;  // "bad.cc:12"
  bool operator==(const RacySite&) const = default;
};

/// What a whole program found in its environment under this name.
struct Variable {
  std::string name;
  bool set = false;
  std::string value;
  bool operator==(const Variable&) const = default;
};

struct ScheduleFile {
  std::string program;   // the executable's base name
  std::string scenario;  // which of its programs: "data_races/unlocked_counter/bad"
  std::string build_id;  // of the executable
  std::string leg;
  std::string strategy;  // that found it
  std::uint64_t seed = 0;
  std::uint64_t run = 0;
  std::string kind;  // of the diagnosis
  std::uint64_t step_limit = 0;
  bool spurious_wakeups = false;
  bool minimal = false;  // it was seen that none of its switches can be left out
  // Of a whole program, how it was started; for others all empty.
  std::vector<std::string> command;   // an absolute path, and its arguments
  std::string directory;              // in which
  std::string standard_input;         // the file it read; empty: none
  std::string isolation;              // "run" or "batch"
  std::vector<Variable> environment;  // what it asked for
  std::vector<RacySite> racy;
  std::vector<Choice> choices;
  bool operator==(const ScheduleFile&) const = default;
};

std::string format(const ScheduleFile& schedule);
/// False on malformed text; `*error` then says what is wrong, in which line, and what to do.
/// `*schedule` is changed only on success.
bool parse(std::string_view text, ScheduleFile* schedule, std::string* error);

/// The same with files. The error names the file. `save` leaves the old file or the new one, never
/// a part.
bool load(const std::string& path, ScheduleFile* schedule, std::string* error);
bool save(const std::string& path, const ScheduleFile& schedule, std::string* error);

/// Why `schedule` cannot be replayed on this program; empty when it can. An empty `scenario` means
/// that the executable has only one program.
std::string other_program(const ScheduleFile& schedule, const std::string& program,
                          const std::string& scenario);
/// A warning when the executable has been built anew since; empty when not (or not known).
std::string other_build(const ScheduleFile& schedule, const std::string& build_id);
/// One choice in words: "thread 2 of 3: lock mu at bad.cc:12".
std::string describe(const Choice& choice);

/// The build id of the running executable in hexadecimal; empty when the linker wrote none.
std::string executable_build_id();

}  // namespace chicane::witness
