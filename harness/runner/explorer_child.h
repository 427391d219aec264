// SPDX-License-Identifier: Apache-2.0
//
// Runs in child processes: the parent stays pristine and single-threaded (the fork server's
// template), a child executes many runs in its own memory, and a run that ends badly ends its
// child. What the child found is in the journal, whatever became of the child.
//
// Thread safety: one thread; the caller must not be a program thread.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "chicane/chicane.h"
#include "engine/finding.h"
#include "engine/journal.h"
#include "runner/explorer_strategy.h"
#include "strategies/strategies.h"

namespace chicane::runner {

/// What a child is to do.
struct ChildTask {
  const std::function<void()>* program = nullptr;
  const Options* options = nullptr;
  /// Where answers come from; null when `replay` or `steer` gives them.
  const SharedStrategy* strategy = nullptr;
  /// Runs [first, end) of the strategy.
  std::uint64_t first_run = 0;
  std::uint64_t end_run = 1;
  /// Answers from these choices.
  const std::vector<engine::ChoiceRecord>* replay = nullptr;
  /// Where `replay` does not fit, goes on by the default policy instead of noting a divergence.
  bool lenient = false;
  /// Steers into a lock cycle.
  const std::vector<strategies::SteerRole>* steer = nullptr;
  /// Called in the child after the last run when it ended well (to hand on what monitors know).
  std::function<void(const std::vector<engine::Monitor*>&)> after_runs = {};
};

enum class ChildEnd : std::uint8_t {
  kRan,      // all runs done, or one ended badly and was written down
  kKilled,   // died without writing it down
  kStuck,    // did not move any more and was stopped
  kNoChild,  // the system refuses a process
};

/// Forks, runs, waits. The journal keeps what it had; new findings are added.
ChildEnd run_child(const ChildTask& task, engine::Journal& journal);

}  // namespace chicane::runner
