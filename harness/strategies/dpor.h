// SPDX-License-Identifier: Apache-2.0
//
// Optimal dynamic partial order reduction with source sets and wakeup trees (Abdulla, Aronis,
// Jonsson, Sagonas, POPL 2014; JACM 64(4), 2017): a depth-first search that runs each Mazurkiewicz
// trace of the program (dependency.h) exactly once, and none in part.
//
// After each run its races (races.h) are reversed: what is to be tried goes into the wakeup tree of
// the step from where it starts. Sleep sets tell what need not be tried again. An operation with n
// outcomes is n branches. A run that ended badly is a trace like any other; one that was cut off (a
// crash, an assertion, the end of a whole process) is taken as if its last step depended on
// everything.
//
// A shard explores, down to a few branchings, every thread that does not sleep instead of those
// that races ask for: so these first branchings are the same whoever explores them, and every n-th
// of them is this shard's. What the others explore is only looked at once, for what it touches, and
// counted as blocked.
//
// Thread safety: engine context. Lives in shared memory.
// Invariants:
//   I1. No two runs that were not blocked have the same trace, in one shard or in two.
//   I2. Memory is what the steps of one run and their wakeup trees need: what lies behind the
//       current run is freed.
//   I3. Without shards no run is blocked, as long as no operation acts by being announced
//       (dependency.h). Where some do, what a thread announces after a step that is reversed is not
//       known before it has been run: then a run may turn out to be nothing new, and is given up.
// Cost: what a run has in common with the one before costs a few ns a step.
#pragma once

#include <cstdint>

#include "engine/engine.h"
#include "engine/shared_heap.h"
#include "strategies/races.h"
#include "strategies/trace.h"
#include "strategies/wakeup_tree.h"

namespace chicane::strategies {

class Dpor final : public engine::Strategy {
 public:
  Dpor(unsigned shard, unsigned shards);
  const char* name() const override { return "dpor"; }
  bool begin_run(std::uint64_t run) override;
  void use_racy_sites(std::size_t count) override;
  unsigned pick_thread(const engine::ThreadChoice& choice) override;
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override;
  bool wants_every_step() const override { return true; }
  void on_event(const engine::Event& event) override {
    if (recording_) trace_.on_event(event);
  }
  bool wants_memory() const override { return true; }
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size) override {
    trace_.on_allocate(thread, start, size);
  }
  void end_run(std::uint64_t steps) override;

  /// Of this shard.
  bool statistics(engine::SearchStatistics* to) const override;
  /// Of the last run.
  const Trace& trace() const { return trace_; }
  bool last_was_blocked() const { return blocked_run_; }
  std::size_t wakeup_steps() const { return tree_.in_use(); }

 private:
  struct Sleeper {
    Tid tid;
    Footprint footprint;
  };
  /// What there is still to do from before a step.
  struct Node {
    engine::SharedVector<Sleeper> sleep;
    std::uint32_t first = kNone;     // wakeup tree: siblings still to be tried
    std::uint32_t children = kNone;  // below the branch that is being explored
    Footprint branch;                // all that this branch touched, whatever its outcomes
    std::uint32_t done = 0;          // branches explored
    bool in_split = false;           // every thread is tried
    bool alone = false;              // in_split, but one thread is enough as it touches nothing
    bool branches = false;           // in_split: there are several
    std::uint32_t branchings = 0;    // in_split: up to and with this one
    std::uint64_t path = 0;          // in_split: the branches before, as a number
  };
  Node& node(std::uint32_t depth);
  unsigned replay(const engine::ThreadChoice& choice);
  unsigned choose(const engine::ThreadChoice& choice, Node& node);
  unsigned give_up(const engine::ThreadChoice& choice);
  void enter(std::uint32_t depth, const engine::ThreadChoice& choice);
  void enter_split(std::uint32_t depth, const engine::ThreadChoice& choice);
  void try_all(std::uint32_t depth);
  std::uint64_t path_below(std::uint32_t depth, Tid tid) const;
  bool is_mine(std::uint64_t path) const { return path % shards_ == shard_; }
  static bool sleeps(const Node& node, Tid tid);
  static int index_of(const engine::ThreadChoice& choice, const Trace& trace, Tid tid);
  void finish_run(bool cut);
  void reverse_races(bool cut);
  void reverse(const Race& race);
  void backtrack();
  bool next_outcome(std::uint32_t depth);
  double explored() const;
  void note_estimate();
  void restart();

  Trace trace_;
  RaceFinder finder_{trace_};
  WakeupTree tree_;
  engine::SharedVector<Node> nodes_;
  engine::SharedVector<Race> races_, undecided_;
  std::uint32_t keep_ = 0;      // steps that this run has in common with the one before
  std::uint32_t position_ = 0;  // of this run
  std::uint32_t outcome_ = 0;   // of the running step
  std::uint32_t valid_ = 0;     // nodes that belong to this run
  engine::SharedVector<StepOutcome> outcomes_;  // for the first new step; count 0: any
  Tid forced_ = kNone;  // for the first new step: its thread, for another outcome
  bool recording_ = false, in_run_ = false, blocked_run_ = false, probing_ = false;
  bool incomplete_ = false, exhausted_ = false;
  bool announcing_ = false;  // some step met an operation that acts by being announced
  std::uint64_t last_step_ = 0;
  std::uint64_t executions_ = 0, blocked_ = 0;
  std::size_t racy_sites_ = 0;
  unsigned shard_, shards_, split_;
  double estimates_[64] = {};  // after 1, 2, 4, ... executions
};

}  // namespace chicane::strategies
