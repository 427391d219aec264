// SPDX-License-Identifier: Apache-2.0
//
// Optimal dynamic partial order reduction with source sets and wakeup trees (Abdulla, Aronis,
// Jonsson, Sagonas, POPL 2014; JACM 64(4), 2017): a depth-first search that runs each Mazurkiewicz
// trace of the program (dependency.h) exactly once, and none in part.
//
// A step that touches nothing that others do (is_silent) is no choice: it is made as soon as it can
// be. Where such a step turns out to touch something after all, all steps are choices.
//
// After each run its races (races.h) are reversed: what is to be tried goes into the wakeup tree of
// the step from where it starts. Sleep sets tell what need not be tried again. A step with n
// outcomes is n steps, of which each keeps the others from being made, and each has what it touched
// itself: what a run did besides is tried with the others. A run that ended badly is a trace like
// any other; one that was cut off (a crash, an assertion, the end of a whole process) is taken as
// if its last step depended on everything.
//
// The shards divide the search by gates (gates.h), which each learns from the same first run: that
// one, and what turns out not to belong to a part, is a repetition.
//
// Threads that wait actively are held (spins.h): a run is over when all others have ended or wait.
//
// Thread safety: engine context. Lives in shared memory.
// Invariants:
//   I1. No two runs that were not blocked have the same trace, in one shard or in two.
//   I2. Memory is what the steps of one run and their wakeup trees need: what lies behind the
//       current run is freed. Wakeup trees may become as large as the search is long: with
//       `most_remembered_` steps in them (12 bytes each) the search begins anew in another way,
//       that needs none (parsimonious.h).
//   I3. Without shards no run is blocked: what a thread announces after a step that is reversed,
//       whether the step fails there, or ends the run, may not be told from its operation; but
//       where it was made before, after the same steps, it does the same (known_steps.h), and where
//       it was not, it is new, and so is the run. Beyond I2's bound runs may be given up, and what
//       was run is no proof then.
// Cost: what a run has in common with the one before costs a few ns a step.
#pragma once

#include <cstdint>

#include "engine/engine.h"
#include "engine/shared_heap.h"
#include "strategies/dependence.h"
#include "strategies/gates.h"
#include "strategies/known_steps.h"
#include "strategies/parsimonious.h"
#include "strategies/races.h"
#include "strategies/search.h"
#include "strategies/spins.h"
#include "strategies/trace.h"
#include "strategies/wakeup_tree.h"

namespace chicane::strategies {

class Dpor final : public Search {
 public:
  Dpor(unsigned shard, unsigned shards);
  const char* name() const override { return "dpor"; }
  bool begin_run(std::uint64_t run) override;
  void use_racy_sites(std::size_t count) override;
  unsigned pick_thread(const engine::ThreadChoice& choice) override {
    last_step_ = choice.step;
    outcome_ = 0;
    if (position_ >= keep_) return pick_new(choice);
    const TraceStep& step = trace_.step(position_++);
    if (step.pick < choice.enabled.size() && choice.enabled[step.pick]->id() == step.engine_id &&
        choice.enabled[step.pick]->pending().kind == step.kind) {
      return step.pick;
    }
    return differ(choice);
  }
  unsigned pick_outcome(const engine::Operation& operation, unsigned count) override;
  bool wants_every_step() const override { return true; }
  std::uint64_t event_kinds() const override { return kNotOfLives; }
  void on_event(const engine::Event& event) override {
    if (recording_) trace_.on_event(event);
  }
  bool wants_memory() const override { return true; }
  void on_allocate(engine::ThreadId thread, const void* start, std::size_t size) override {
    trace_.on_allocate(thread, start, size);
  }
  void end_run(std::uint64_t steps) override;
  bool counts_traces() const override { return true; }
  bool owns(const Trace& trace, std::span<const unsigned> choices) override;
  std::uint64_t executions() const override { return executions_; }
  bool ended() const override { return exhausted_; }
  void describe(engine::StrategyReport* report) const override;
  const Spins* spins() const override { return &spins_; }

  /// Of this shard.
  bool statistics(engine::SearchStatistics* to) const override;
  /// Of the last run.
  const Trace& trace() const { return trace_; }
  /// Whether steps that touch nothing are choices: they are then part of what makes a trace.
  bool heeds_all() const { return !eager_; }
  std::size_t wakeup_steps() const { return tree_.in_use(); }
  /// I2.
  void remember(std::size_t steps);

 private:
  /// A step that has been tried. One with several outcomes is as many sleepers.
  struct Sleeper {
    Tid tid;
    Footprint footprint;
    std::uint64_t outcomes = 0;  // outcomes_key()
    double share = 1;            // of all that its thread might do
  };
  /// What there is still to do from before a step.
  struct Node {
    engine::SharedVector<Sleeper> sleep;
    std::uint32_t first = kNone;     // wakeup tree: siblings still to be tried
    std::uint32_t children = kNone;  // below the branch that is being explored
    std::uint32_t done = 0;          // branches explored
  };
  Node& node(std::uint32_t depth);
  unsigned pick_new(const engine::ThreadChoice& choice);
  unsigned differ(const engine::ThreadChoice& choice);
  unsigned pick_loud(const engine::ThreadChoice& choice);
  unsigned choose(const engine::ThreadChoice& choice, Node& node);
  unsigned choose_frugally(const engine::ThreadChoice& choice);
  unsigned give_up(const engine::ThreadChoice& choice);
  void enter(std::uint32_t depth);
  bool may_go(const engine::Thread& thread) const;
  /// By a gate, or because it only waits.
  bool is_held(Tid tid) const {
    return (shards_ > 1 && gates_.hold_back(trace_, tid)) || spins_.holds(trace_, tid);
  }
  void clear_tree();
  void heed_all();
  void begin_part(std::uint64_t part);
  static bool sleeps(const Node& node, Tid tid);
  std::uint32_t waking_outcome(std::uint32_t count) const;
  static int index_of(const engine::ThreadChoice& choice, const Trace& trace, Tid tid);
  void finish_run(bool cut);
  bool learn(bool cut);
  bool is_frugal() const { return frugal_ && divided_; }
  bool asks() const { return announcing_ || cut_ || late_; }
  void reverse_races(bool cut);
  void reverse(Race* race);
  void backtrack();
  void go_on_frugally();
  void try_other_outcomes(std::uint32_t step);
  static Sleeper sleeper(const TraceStep& step, std::span<const StepOutcome> outcomes);
  bool is_covered(const Node& at, std::span<const SequenceStep> sequence, std::size_t* place) const;
  void drop_known(Node& at);
  std::uint32_t note_path(const Node& at);
  bool is_known_to_be_covered(const Node& at, std::uint64_t key);
  double explored() const;
  void note_estimate();
  void restart();
  void search_again();
  void search_frugally();

  Trace trace_;
  KnownSteps known_;
  RaceFinder finder_{trace_, known_};
  WakeupTree tree_;
  std::size_t most_remembered_ = std::size_t{1} << 20;
  engine::SharedVector<Node> nodes_;
  engine::SharedVector<Race>
      races_;                   // of the last run; then the undecided ones of its steps in common
  WakeupSequence path_;         // of the tree, that is looked at
  bool is_new_ = false;         // its end
  std::uint64_t path_key_ = 0;  // of its end, with `others_`
  engine::SharedVector<StepOutcome> others_;  // of its end, or of a step that had others
  std::uint32_t keep_ = 0;      // steps that this run has in common with the one before
  std::uint32_t position_ = 0;  // of this run
  std::uint32_t outcome_ = 0;   // of the running step
  std::uint32_t valid_ = 0;     // nodes that belong to this run
  engine::SharedVector<StepOutcome> outcomes_;  // for the next new step
  bool recording_ = false, in_run_ = false, blocked_run_ = false;
  bool stopped_ = false;  // nobody could go on, but for the gates and for who is held
  bool over_ = false;     // nobody could, but for who is held: the rest is not part of the search
  Spins spins_;
  bool incomplete_ = false, exhausted_ = false;
  bool announcing_ = false;  // some step met an operation that acts by being announced
  bool cut_ = false;         // some run was cut off
  bool learns_ = true;       // all steps so far are known
  bool eager_ = true;        // silent steps are no choices
  bool late_ = false;        // that somebody asks was known only after some were forgotten
  bool frugal_ = false;      // I2: from when the search is divided on
  std::uint64_t last_step_ = 0;
  std::uint64_t runs_ = 0, executions_ = 0, blocked_ = 0;
  std::size_t racy_sites_ = 0;
  unsigned shard_, shards_;
  Gates gates_;
  Parsimonious attempts_{trace_, known_, finder_, gates_, spins_};
  bool divided_;               // the gates are known
  std::uint64_t part_ = 0;     // of the search, in progress
  double estimates_[64] = {};  // after 1, 2, 4, ... executions
};

}  // namespace chicane::strategies
