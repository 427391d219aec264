// SPDX-License-Identifier: Apache-2.0
//
// A lane: a part of an exploration with a journal of its own, so that several can run at a time.
// Its children follow one another, each going on where the one before ended.
//
// Parts are disjoint and their union is the whole: a strategy that samples gives lane i of n the
// run numbers i, i + n, i + 2n, ...; one that searches exhaustively is told its part in
// Options::shard.
//
// Thread safety: one thread.
// Invariants:
//   I1. What a lane does depends on the options, its own number and what others leave of their
//       budgets, never on when they run.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/journal.h"
#include "runner/explorer_child.h"

namespace chicane::runner {

/// Why a lane made no further run.
enum class LaneEnd : std::uint8_t { kNot, kSchedules, kExhausted, kBadRuns, kStuck, kStopped };

class Lane {
 public:
  /// Lane `index` of the `count` of this exploration, which may be a shard itself.
  Lane(const std::function<void()>& program, const Options& options, const Hosting* hosting,
       engine::Journal* journal, unsigned index, unsigned count);
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  engine::Journal& journal() { return *journal_; }
  LaneEnd end() const { return end_; }
  /// Adds what its strategy has to say; null when there is none.
  const engine::Strategy* strategy() const { return strategy_.get(); }
  /// What an exhaustive search has said of itself lately; false: nothing.
  bool progress(engine::SearchStatistics* to) const {
    return progress_ != nullptr && progress_->read(to);
  }
  /// The child at work; null when there is none.
  ChildProcess* child() { return child_.get(); }
  /// Starts the next child; false when the system refuses a process or memory.
  bool start();
  /// When the child has ended. `take` copies what it found and says whether there was news.
  void finish(const std::function<bool(engine::Journal&, bool stuck)>& take);
  void stop() { end_ = LaneEnd::kStopped; }
  /// What the budget of a part was more than it needed: others' from now on.
  std::uint64_t hand_over();
  /// Whether it is a part that its budget was too small for.
  bool needs_more() const;
  /// So many runs more.
  void extend(std::uint64_t runs);

 private:
  Options options_;
  bool parallel_;  // beside others
  engine::Journal* journal_;
  SharedStrategy strategy_;
  SharedProgress* progress_ = nullptr;
  Monitors monitors_;  // of children that make one run each
  ChildTask task_;
  std::unique_ptr<ChildProcess> child_;
  unsigned bad_runs_ = 0;
  std::uint64_t bad_steps_ = 0;
  LaneEnd end_ = LaneEnd::kNot;
};

/// Parts are not equally large: what some have left of their budgets goes to those that need it.
/// False when there is nothing, or nobody; else these have runs to make.
bool share_rest(const std::vector<std::unique_ptr<Lane>>& lanes);

}  // namespace chicane::runner
