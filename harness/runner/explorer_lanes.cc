// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_lanes.h"

#include "engine/engine.h"

namespace chicane::runner {
namespace {

// Runs without end are long: after so many steps of bad runs without anything new, it is enough.
constexpr std::uint64_t kBadSteps = 150'000;

/// Whether a strategy's runs are told apart by their numbers alone; else it divides its search by
/// itself.
bool samples(Strategy strategy) {
  switch (strategy) {
    case Strategy::kPortfolio:
    case Strategy::kRandom:
    case Strategy::kPct:
    case Strategy::kPos:
    case Strategy::kUrw:
    case Strategy::kSurw:
      return true;
    case Strategy::kDelay:
    case Strategy::kPreemption:
    case Strategy::kDfs:
    case Strategy::kDpor:
      return false;
  }
  return true;
}

Options part_of(Options options, unsigned index, unsigned count) {
  // The runs of the jobs of shard i of n are then the i-th of n.
  options.shard += options.shards * index;
  options.shards *= count;
  return options;
}

}  // namespace

Lane::Lane(const std::function<void()>& program, const Options& options, const Hosting* hosting,
           engine::Journal* journal, unsigned index, unsigned count)
    : options_(part_of(options, index, count)),
      parallel_(count > 1),
      journal_(journal),
      strategy_(options_) {
  task_.strategy = &strategy_;
  task_.program = &program;
  task_.options = &options_;
  task_.hosting = hosting;
  // ThreadSanitizer's monitor makes fibers, and in the children of a process that has some
  // ThreadSanitizer looks away.
  if (options_.isolate_runs && options_.leg != "tsan") {
    // What a monitor keeps from run to run is where the strategy's memory is.
    engine::SharedHeap* const before = engine::SharedHeap::use(strategy_.heap());
    monitors_ = make_monitors(options_.leg, false);
    engine::SharedHeap::use(before);
    task_.monitors = &monitors_;
  }
  // The portfolio's reduction is not all that it does.
  if (!samples(options.strategy)) task_.progress = progress_ = SharedProgress::create();
  task_.end_run = options.schedules;
  if (samples(options.strategy)) {
    task_.first_run = options_.shard;
    task_.stride = options_.shards;
  } else {
    task_.end_run = options.schedules / options_.shards +
                    (options_.shard < options.schedules % options_.shards ? 1 : 0);
  }
  if (task_.first_run >= task_.end_run) end_ = LaneEnd::kSchedules;
  journal_->clear(true);
}

Lane::~Lane() {
  child_.reset();  // it may be writing there
  if (progress_ != nullptr) progress_->destroy();
}

bool Lane::start() {
  if (strategy_.get() == nullptr) return false;
  // Where each child makes but a part of the runs, or one, it inherits its threads.
  if (parallel_) engine::Engine::instance().prepare_threads(ChildProcess::most_threads());
  if (options_.isolate_runs) {
    engine::Engine::instance().prepare_threads(journal_->counters().threads);
  }
  child_ = std::make_unique<ChildProcess>(task_, *journal_);
  return child_->started();
}

std::uint64_t Lane::hand_over() {
  const std::uint64_t done = journal_->counters().runs_done;
  if (samples(options_.strategy) || end_ != LaneEnd::kExhausted || done >= task_.end_run) return 0;
  const std::uint64_t left = task_.end_run - done;
  task_.end_run = done;
  return left;
}

bool Lane::needs_more() const { return !samples(options_.strategy) && end_ == LaneEnd::kSchedules; }

void Lane::extend(std::uint64_t runs) {
  task_.end_run += runs;
  if (runs != 0) end_ = LaneEnd::kNot;
}

void Lane::finish(const std::function<bool(engine::Journal&, bool stuck)>& take) {
  const ChildEnd end = child_->finish();
  child_.reset();
  const engine::JournalCounters counters = journal_->counters();
  task_.first_run = counters.run + task_.stride;
  const bool bad = end == ChildEnd::kKilled ||
                   (end == ChildEnd::kRan && counters.last_end != engine::RunEnd::kFinished);
  const bool news = take(*journal_, end == ChildEnd::kStuck);
  if (bad || news) {
    bad_runs_ = news ? 0 : bad_runs_ + 1;
    bad_steps_ = news ? 0 : bad_steps_ + counters.step;
  }
  const bool done = !bad && !options_.isolate_runs;
  if (counters.stop != 0 || end == ChildEnd::kStopped || end == ChildEnd::kNoChild) {
    end_ = LaneEnd::kStopped;
  } else if (counters.exhausted != 0) {
    end_ = LaneEnd::kExhausted;
  } else if (end == ChildEnd::kStuck) {
    end_ = LaneEnd::kStuck;
  } else if (done || task_.first_run >= task_.end_run) {
    end_ = LaneEnd::kSchedules;
  } else if (!samples(options_.strategy)) {
    return;  // a run that ends badly is one of those to be gone through
  } else if (bad_runs_ >= options_.bad_runs || bad_steps_ > kBadSteps) {
    end_ = LaneEnd::kBadRuns;
  }
}

bool share_rest(const std::vector<std::unique_ptr<Lane>>& lanes) {
  std::uint64_t rest = 0, needy = 0;
  for (const auto& lane : lanes) {
    rest += lane->hand_over();
    needy += lane->needs_more() ? 1 : 0;
  }
  if (rest == 0 || needy == 0) return false;
  for (const auto& lane : lanes) {
    if (!lane->needs_more()) continue;
    const std::uint64_t share = rest / needy + (rest % needy != 0 ? 1 : 0);
    lane->extend(share);
    rest -= share;
    --needy;
  }
  return true;
}

}  // namespace chicane::runner
