// SPDX-License-Identifier: Apache-2.0
//
// The search of an exploration.
#include "runner/explorer.h"

#include <unwind.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "engine/lack.h"
#include "runner/explorer_budgets.h"
#include "runner/explorer_core.h"
#include "runner/explorer_interrupts.h"
#include "runner/explorer_lanes.h"
#include "runner/explorer_nested.h"
#include "runner/explorer_progress.h"
#include "runner/explorer_summary.h"
#include "witness/whole_file.h"

namespace chicane::runner {
namespace {

using engine::Finding;
using engine::FindingSite;

constexpr int kLookEvery = 50;  // milliseconds
// So long a run that is in progress when the exploration is to end may go on.
constexpr double kGraceSeconds = 0.5;

bool has_role(const Found& found, const char* role) {
  return std::any_of(found.sites.begin(), found.sites.end(),
                     [&](const FindingSite& site) { return std::strcmp(site.role, role) == 0; });
}

}  // namespace

Explorer::Explorer(const std::function<void()>& program, const Options& options)
    : program_(program),
      options_(options),
      journal_(engine::listen_for_lacks() ? engine::Journal::create() : nullptr) {
  // Its first use has a pthread_once within, which would be an operation of the first run only.
  _Unwind_Backtrace([](_Unwind_Context*, void*) { return _URC_NORMAL_STOP; }, nullptr);
}

Explorer::~Explorer() {
  if (journal_ != nullptr) journal_->destroy();
}

// The tsan leg says what ThreadSanitizer says, and the lockorder leg speaks of locks: how else a
// run may end badly is the sched leg's to tell.
bool Explorer::admits(const Found& found) const {
  const std::string kind = found.finding.kind;
  if (options_.leg == "tsan") {
    return kind != "assertion-failed" && kind != "uncaught-panic" && kind != "crash" &&
           kind != "livelock" && kind != "starvation" && kind != "step-limit";
  }
  if (options_.leg != "lockorder") return true;
  if (kind == "deadlock") return has_role(found, "holds");
  return kind == "self-deadlock" || kind == "rwlock-upgrade" || kind == "lock-order-inversion";
}

// One run that was cut tells as much as another: where the cut found its threads is chance.
bool Explorer::is_told(const Found& found) const {
  const auto cut = [](const Found& one) {
    return std::strcmp(one.finding.kind, "step-limit") == 0;
  };
  return cut(found) && std::any_of(found_.begin(), found_.end(), cut);
}

// Copies what the last child found. True when there was something.
bool Explorer::take_findings(engine::Journal& journal, bool stuck) {
  const std::size_t before = found_.size();
  for (const engine::WitnessRecord& witness : journal.witnesses()) {
    const auto choices = journal.choices(witness);
    const auto racy = journal.racy_sites().first(witness.racy_count);
    for (std::uint32_t i = 0; i < witness.finding_count; ++i) {
      const Finding& finding = journal.findings()[witness.finding + i];
      const auto sites = journal.sites(finding);
      Found found{.finding = finding,
                  .sites = {sites.begin(), sites.end()},
                  .choices = {choices.begin(), choices.end()},
                  .racy_sites = {racy.begin(), racy.end()},
                  .stuck = stuck};
      if (admits(found) && !is_told(found)) found_.push_back(std::move(found));
    }
  }
  journal.clear(false);
  return found_.size() != before;
}

double Explorer::seconds() const {
  return std::chrono::duration<double>(g_budgets.now() - begin_).count();
}

// The budgets that are the parent's to watch; `ended_by_` is then set.
bool Explorer::should_stop() {
  if (!ended_by_.empty()) return true;
  if (Interrupts::signal() != 0) {
    ended_by_ = "interrupted";
  } else if (options_.time_limit > 0 && seconds() >= options_.time_limit) {
    ended_by_ = "time";
  }
  return !ended_by_.empty();
}

// Starts children in lanes that have none, as many as there are jobs.
void Explorer::start_lanes(std::vector<std::unique_ptr<Lane>>& lanes) {
  std::size_t running = 0;
  for (const auto& lane : lanes) running += lane->child() != nullptr ? 1 : 0;
  for (const auto& lane : lanes) {
    if (running >= std::max(1U, options_.jobs)) return;
    if (lane->end() != LaneEnd::kNot || lane->child() != nullptr) continue;
    if (lane->start()) {
      ++running;
      continue;
    }
    lane->stop();
    if (error_.empty()) {
      error_ = lane->strategy() == nullptr ? refusal_of_memory("the strategy") : refusal();
    }
  }
}

void Explorer::run_lanes(std::vector<std::unique_ptr<Lane>>& lanes) {
  const auto take = [this](engine::Journal& journal, bool stuck) {
    return take_findings(journal, stuck);
  };
  OneCore core(options_.isolate_runs && lanes.size() == 1);
  double stop_at = 0;
  for (;;) {
    if (stop_at == 0 && should_stop()) stop_at = seconds() + kGraceSeconds;
    if (stop_at == 0) start_lanes(lanes);
    std::vector<ChildProcess*> children;
    for (const auto& lane : lanes) {
      if (lane->child() == nullptr) continue;
      if (stop_at != 0) lane->child()->ask_to_stop();
      if (stop_at != 0 && seconds() > stop_at) lane->child()->kill();
      children.push_back(lane->child());
    }
    if (children.empty()) return;
    int patience = kLookEvery;
    if (options_.time_limit > 0 && stop_at == 0) {
      const double left = (options_.time_limit - seconds()) * 1000;
      patience = std::clamp(static_cast<int>(left) + 1, 1, kLookEvery);
    }
    core.before_wait();
    ChildProcess::wait_for_any(children, patience);
    tell_progress(lanes);
    core.after_wait();
    for (const auto& lane : lanes) {
      if (lane->child() == nullptr) continue;
      if (lane->child()->ended()) {
        lane->finish(take);
      } else {
        lane->child()->look();
      }
    }
  }
}

void Explorer::tell_progress(const std::vector<std::unique_ptr<Lane>>& lanes) {
  constexpr double kEvery = 0.2;
  if (progress_path_.empty() || seconds() < told_at_ + kEvery) return;
  told_at_ = seconds();
  engine::SearchStatistics all;
  bool searches = true;
  std::uint64_t runs = 0;
  for (const auto& lane : lanes) {
    runs += lane->journal().counters().runs_done;
    engine::SearchStatistics statistics;
    searches = searches && lane->progress(&statistics);
    all.executions += statistics.executions;
    all.estimate += statistics.estimate;
    all.estimate_error += statistics.estimate_error;
  }
  std::string ignored;
  const std::string text = progress_text(runs, options_.schedules, searches ? &all : nullptr);
  witness::write_whole(progress_path_, text, &ignored);
}

void Explorer::search() {
  const unsigned count = std::max(1U, options_.jobs);
  std::vector<std::unique_ptr<Lane>> lanes;
  for (unsigned i = 0; i < count; ++i) {
    engine::Journal* journal = i == 0 ? journal_ : engine::Journal::create();
    if (journal == nullptr) {
      error_ = refusal_of_memory("the journals of so many jobs");
      break;
    }
    lanes.push_back(std::make_unique<Lane>(program_, options_, hosting(), journal, i, count));
  }
  if (error_.empty()) run_lanes(lanes);
  while (error_.empty() && ended_by_.empty() && share_rest(lanes)) run_lanes(lanes);
  exhausted_ = error_.empty();
  for (const auto& lane : lanes) {
    const engine::JournalCounters& counters = lane->journal().counters();
    runs_ += counters.runs_done;
    nanoseconds_ = std::max(nanoseconds_, counters.run_nanoseconds);
    exhausted_ = exhausted_ && lane->end() == LaneEnd::kExhausted;
    collect_predictions(lane->journal());
  }
  report_lanes(lanes);
  for (const auto& lane : lanes) {
    if (&lane->journal() != journal_) lane->journal().destroy();
  }
  if (ended_by_.empty()) ended_by_ = name_of(lanes);
  if (!exhausted_) confirm_races();
  std::stable_sort(found_.begin(), found_.end(),
                   [](const Found& a, const Found& b) { return a.finding.run < b.finding.run; });
}

Result Explorer::explore() {
  Result result;
  result.strategy = to_string(options_.strategy);
  result.seed = options_.seed;
  if (journal_ == nullptr) {
    result.error = refusal_of_memory("the journal");
    return result;
  }
  begin_ = g_budgets.now();
  const Interrupts interrupts(options_.interruptible);
  journal_->clear(true);
  if (options_.leg == "lockorder") {
    predict_and_steer();
  } else {
    look_for_differences();
    search();
  }
  // A process for each run is part of its cost.
  if (options_.isolate_runs) nanoseconds_ = static_cast<std::uint64_t>(seconds() * 1e9);
  result.runs = runs_;
  result.ended_by = ended_by_;
  result.signal = ended_by_ == "interrupted" ? Interrupts::signal() : 0;
  result.exhausted = exhausted_ && options_.shards <= 1;  // a shard's part is not the whole
  result.executions = statistics_.executions;
  result.blocked = statistics_.blocked;
  result.estimate = statistics_.estimate;
  result.estimate_error = statistics_.estimate_error;
  if (runs_ == 0 && found_.empty() && ended_by_ == "time" && error_.empty()) {
    error_ = "the time was up before a single schedule had come to its end: give it more";
  }
  result.error = error_.empty() && engine::lacked() != nullptr ? refusal() : error_;
  if (nanoseconds_ != 0) {
    result.runs_per_second = static_cast<double>(runs_) * 1e9 / static_cast<double>(nanoseconds_);
  }
  result = finish(std::move(result));
  summarize(strategy_report_, options_, &result);
  return result;
}

}  // namespace chicane::runner

namespace chicane {

const char* to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::kPortfolio:
      return "portfolio";
    case Strategy::kRandom:
      return "random";
    case Strategy::kPct:
      return "pct";
    case Strategy::kPos:
      return "pos";
    case Strategy::kUrw:
      return "urw";
    case Strategy::kSurw:
      return "surw";
    case Strategy::kDelay:
      return "delay";
    case Strategy::kPreemption:
      return "preemption";
    case Strategy::kDfs:
      return "dfs";
    case Strategy::kDpor:
      return "dpor";
  }
  return "?";
}

bool parse_strategy(const std::string& name, Strategy* strategy) {
  for (int i = 0; i <= static_cast<int>(Strategy::kDpor); ++i) {
    if (name != to_string(static_cast<Strategy>(i))) continue;
    *strategy = static_cast<Strategy>(i);
    return true;
  }
  return false;
}

Result explore(const std::function<void()>& program, const Options& options) {
  if (runner::is_explored()) return runner::refuse_nested();
  return runner::Explorer(program, options).explore();
}

Result replay(const std::function<void()>& program, const Schedule& schedule) {
  return replay(program, Options{}, schedule);
}

Result replay(const std::function<void()>& program, const Options& options,
              const Schedule& schedule) {
  if (runner::is_explored()) return runner::refuse_nested();
  return runner::Explorer(program, options).replay(schedule.text);
}

Result shrink(const std::function<void()>& program, const Options& options,
              const Schedule& schedule) {
  if (runner::is_explored()) return runner::refuse_nested();
  return runner::Explorer(program, options).shrink(schedule.text);
}

}  // namespace chicane
