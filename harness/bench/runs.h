// SPDX-License-Identifier: Apache-2.0
//
// Runs of a program under the random walk, in this process, with the monitors of the sched leg.
//
// Thread safety: one at a time.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "engine/journal.h"
#include "engine/lack.h"
#include "monitors/monitors.h"
#include "strategies/strategies.h"

namespace chicane::bench {

class Runs {
 public:
  explicit Runs(bool with_monitors) {
    if (!with_monitors) return;
    owned_.push_back(monitors::make_deadlock_monitor());
    owned_.push_back(monitors::make_race_monitor());
    owned_.push_back(monitors::make_misuse_monitor());
    owned_.push_back(monitors::make_leak_monitor());
    owned_.push_back(monitors::make_livelock_monitor());
    owned_.push_back(monitors::make_run_recorder(false));
    for (const auto& monitor : owned_) monitors_.push_back(monitor.get());
  }

  /// False when something was found: the programs here are clean.
  bool run(const std::function<void()>& program) {
    strategy_->begin_run(run_);
    journal_->begin_run(run_++);
    const engine::RunEnd end =
        engine::Engine::instance().run(program, *strategy_, monitors_, *journal_, options_);
    journal_->end_run(end, 0);
    return end == engine::RunEnd::kFinished && journal_->findings().empty();
  }

 private:
  static engine::Journal* journal() {
    engine::Journal* journal = engine::Journal::create();
    if (journal == nullptr) {
      engine::lack("shared memory for the journal: is the address space limited (ulimit -v)?");
    }
    return journal;
  }

  engine::Journal* journal_ = journal();
  std::unique_ptr<engine::Strategy> strategy_ = strategies::make_random(1);
  std::vector<std::unique_ptr<engine::Monitor>> owned_;
  std::vector<engine::Monitor*> monitors_;
  engine::RunOptions options_{.step_limit = 1 << 20, .access_limit = 1 << 20};
  std::uint64_t run_ = 0;
};

}  // namespace chicane::bench
