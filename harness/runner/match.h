// SPDX-License-Identifier: Apache-2.0
//
// Holds what the legs reported against what a scenario's annotations promise, both ways.
//
// A defect is (kind, id); its lines are all those that carry the same `kind#id`. For a leg, its
// lines are those of them that list the leg. A report matches a defect when it has the same kind
// and the lines of its needed sites, in any order, are a non-empty subset of the defect's lines:
//
//     kind                   needed sites
//     deadlock               of each thread that holds a lock: what it holds and what it waits for;
//                            when nobody holds a lock: at least one of the waits
//     (thread-safety)        at least one: the line of the warning, or of the note below it
//     any other              every site except the related ones (where a thread was created, where
//                            a variable is declared)
//
// The line of a site is that of its innermost frame in the scenario's own file; a needed site
// without one matches nothing. Only confirmed diagnoses count; thread-safety warnings, which have
// no witness, count as they are.
//
// Thread safety: pure functions.
// Invariants, per leg:
//   I1. Every defect that lists the leg is reported.
//   I2. Every report matches a defect that lists the leg.
//   I3. A defect marked `gap` is not reported.
//   I4. When all legs of an annotated line have been run, one of them has reported that line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chicane/chicane.h"
#include "runner/discovery.h"

namespace chicane::runner {

/// What one leg said about one file.
struct LegReport {
  std::string leg;
  const Result* result;
};

/// A promise that was not kept.
struct Failure {
  std::string leg;  // "" when it concerns all
  std::string file;
  int line = 0;
  std::string what;
  std::vector<std::string> reported;  // one line per leg
  std::string next;                   // the command to try
};

/// "file:line: what\n  sched reported ...\n  try ..."
std::string to_string(const Failure& failure);

enum class Status { kFound, kSilent, kGap, kFail, kUnavailable };

/// Its name in the matrix and in JSON: "found", "silent", "gap", "FAIL", "n/a".
const char* to_string(Status status);

struct LegVerdict {
  std::string leg;
  Status status = Status::kSilent;
  /// Why, for kUnavailable.
  std::string why;
  /// What was predicted or refuted: shown, never held against the scenario.
  std::vector<std::string> notes;
};

struct Verdict {
  std::vector<LegVerdict> legs;  // as in the reports
  std::vector<Failure> failures;
};

Verdict match(const Pitfall& pitfall, const ScenarioFile& file,
              const std::vector<LegReport>& reports);

/// Whether a diagnosis counts against annotations.
bool counts(const Diagnosis& diagnosis, std::string_view leg);

/// The line of the site in the scenario's own file, or 0.
int line_of(const Site& site, const Pitfall& pitfall, const ScenarioFile& file);

/// "data-race at lines 12 (write), 14 (read)"
std::string summarize(const Diagnosis& diagnosis, const Pitfall& pitfall, const ScenarioFile& file);

}  // namespace chicane::runner
