// SPDX-License-Identifier: Apache-2.0
//
// An exploration from beginning to end: many runs in children, then for each finding its witness:
// replayed to see that it holds, made short, recorded, and put in the program's own words.
//
// Thread safety: one thread; not from a program under exploration.
// Invariants:
//   I1. Same program, options and machine code: the same diagnoses, with the same text.
//   I2. A diagnosis is confirmed only when its witness was run again and showed it again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chicane/chicane.h"
#include "engine/finding.h"
#include "engine/journal.h"
#include "report/symbolizer.h"
#include "runner/explorer_child.h"
#include "witness/schedule_file.h"

namespace chicane::runner {

class Lane;
struct RaceEnd;
struct Told;

/// A finding and the run that showed it.
struct Found {
  engine::Finding finding;
  std::vector<engine::FindingSite> sites;
  std::vector<engine::ChoiceRecord> choices;
  std::vector<std::uint64_t> racy_sites;
  bool differs = false;          // a second run of its schedule was another: nothing to run again
  bool stuck = false;            // the watchdog ended its run
  std::uint64_t step_limit = 0;  // of its run; 0: that of the options
  bool minimal = false;          // its witness was seen to be 1-minimal
};

class Explorer {
 public:
  Explorer(const std::function<void()>& program, const Options& options);
  ~Explorer();
  Explorer(const Explorer&) = delete;
  Explorer& operator=(const Explorer&) = delete;

  /// The program is a whole process. Before the first exploration.
  void host(Hosting hosting) { hosting_ = std::move(hosting); }
  /// While it explores, a line of text that says how far it is goes to this file.
  void tell_progress_to(std::string path) { progress_path_ = std::move(path); }
  /// Explores as the options say.
  Result explore();
  /// One run under the schedule of a file's text.
  Result replay(const std::string& text);
  /// A shorter schedule of the same diagnosis. With Options::shrink off, only says whether the
  /// given one is 1-minimal (Diagnosis::minimal).
  Result shrink(const std::string& text);

 private:
  // explorer.cc: the search
  void search();
  void start_lanes(std::vector<std::unique_ptr<Lane>>& lanes);
  void run_lanes(std::vector<std::unique_ptr<Lane>>& lanes);
  double seconds() const;
  bool should_stop();
  void tell_progress(const std::vector<std::unique_ptr<Lane>>& lanes);
  // explorer_cycles.cc: lock cycles that runs foretold
  void predict_and_steer();
  // explorer_together.cc: what the lanes have done together
  static const char* name_of(const std::vector<std::unique_ptr<Lane>>& lanes);
  bool add_statistics(const Lane& lane);
  void report_lanes(const std::vector<std::unique_ptr<Lane>>& lanes);
  // explorer_twice.cc: schedules that are run again
  void look_for_differences();
  bool differs(std::uint64_t run, engine::Journal& first, engine::Journal& again);
  // explorer_prediction.cc: races that a run foretold
  void collect_predictions(const engine::Journal& journal);
  void confirm_races();
  bool confirm(const engine::PredictedRace& race);
  // explorer.cc
  bool take_findings(engine::Journal& journal, bool stuck);
  bool admits(const Found& found) const;
  bool is_told(const Found& found) const;
  Result finish(Result result);
  // explorer_witness.cc: from a finding to a diagnosis
  enum class Mode : std::uint8_t { kTry, kRecord, kStrict };
  std::vector<Found> candidates() const;
  bool rerun(const std::vector<engine::ChoiceRecord>& choices,
             const std::vector<std::uint64_t>& racy_sites, Mode mode,
             const engine::Course* course = nullptr, engine::CourseLog* log = nullptr);
  const engine::Finding* find_again(const Found& found) const;
  std::optional<std::vector<engine::ChoiceRecord>> try_choices(
      const Found& found, const std::vector<engine::ChoiceRecord>& choices,
      const engine::Course* course = nullptr);
  bool take_run(Found* found);
  bool diagnose(Found found, Told* told);
  void tell_end(const Found& found, const RaceEnd& end, Diagnosis* diagnosis);
  std::string schedule_text(const Found& found, const Diagnosis& diagnosis);
  void drop_confirmed_predictions(std::vector<Diagnosis>* diagnoses) const;
  void drop_forgotten_reports(std::vector<Diagnosis>* diagnoses) const;
  void write_witnesses(Result* result);
  // explorer_shorten.cc
  bool shortens(const Found& found) const;
  void begin_to_shorten(double seconds);
  bool ends_shortening() const;
  void shorten(Found* found);
  std::size_t straighten(Found* found, std::size_t budget);
  void end_sooner(Found* found);
  // explorer_replay.cc: schedules that were kept
  bool run_strictly(const witness::ScheduleFile& file, Found* found, std::string* error);
  bool open(const std::string& text, witness::ScheduleFile* file, Found* found, std::string* error);
  void adopt(const witness::ScheduleFile& file);
  std::string misfit(const witness::ScheduleFile& file) const;
  Diagnosis describe(const Found& found, const engine::Finding& finding,
                     const witness::ScheduleFile& file);

  const Hosting* hosting() const { return hosting_ ? &*hosting_ : nullptr; }

  std::function<void()> program_;
  std::optional<Hosting> hosting_;
  Options options_;
  engine::Journal* journal_;
  std::unique_ptr<report::Symbolizer> symbolizer_;
  std::vector<Found> found_;
  std::vector<engine::PredictedRace> predicted_;
  std::vector<Diagnosis> unconfirmed_;
  std::string error_;
  std::string kind_;       // of the findings that reruns are asked for
  bool spurious_ = false;  // in reruns, condition waits may return without a signal
  std::chrono::steady_clock::time_point begin_{};
  std::optional<std::chrono::steady_clock::time_point> shorten_until_;
  bool thorough_ = false;  // a witness is made short whatever it costs
  std::string ended_by_;   // Result::ended_by
  std::string progress_path_;
  double told_at_ = 0;  // the progress, in seconds
  std::uint64_t runs_ = 0;
  std::uint64_t trials_ = 0;  // runs of a given schedule
  std::uint64_t nanoseconds_ = 0;
  bool exhausted_ = false;
  engine::StrategyReport strategy_report_;
  engine::SearchStatistics statistics_;
};

}  // namespace chicane::runner
