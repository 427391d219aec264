// SPDX-License-Identifier: Apache-2.0
//
// Parsimonious exploration: one run of each Mazurkiewicz trace with memory that does not grow with
// the number of runs (after Abdulla, Atig, Das, Jonsson, Sagonas: "Parsimonious optimal dynamic
// partial order reduction", CAV 2024; that it needs to remember nothing of what lies behind is the
// idea of Kokologiannakis, Marmanis, Gladstein, Vafeiadis: "Truly stateless, optimal dynamic
// partial order reduction", POPL 2022).
//
// A run goes on by itself, whoever comes first, but for its *reversals*. Each of these says: at
// this place a step was made (it is *delayed*), here another that depends on it, the *head*, is
// made before it, and what the head needs. Where several threads could be the head, it is the one
// with the least number: the others may then make no such step before the delayed one. So whose
// runs are whose is settled without looking at others, and each trace has exactly one list of
// reversals.
//
// After a run each of its races is a reversal to try, if the run has no others behind that place
// but those that the head needs: in one run, of all that have this race, that is so.
//
// The head may turn out to touch more than it did where it came later, and so depend on steps that
// were no reason to make it wait there: these are then made before it, still for the same reversal.
// Or it had to wait for steps there that it does not need here, where it is ready without: these
// are then left out again, the last one first.
//
// A head does the same wherever it comes after the same (known_steps.h): where that is known, it is
// known whether its run belongs to its reversals. Where it is not known, and the head would not
// belong there if it did what it did later, its run is *doubtful*: it waits until it is known, or
// there is nothing else to try, so that it is new.
//
// Thread safety: engine context. Lives in shared memory.
// Invariants:
//   I1. No two runs that were not given up have the same trace.
//   I2. Memory: for each reversal of the present run, those that its run led to and that are still
//       to be tried; each is as long as what its head needs. Besides, at most 1,024 doubtful runs
//       and what 2^18 steps did.
//   I3. A run is given up where a step touches what its operation did not tell, or a head needs
//       less than it did, and that was not known; with more doubtful runs than can wait, or heads
//       that do not always do the same after the same: who waits for what others try, or until a
//       deadline for a thread's end, is no part of a step's past.
// Cost: each race costs the length of its run.
#pragma once

#include <cstdint>

#include "engine/engine.h"
#include "engine/shared_heap.h"
#include "strategies/dependence.h"
#include "strategies/gates.h"
#include "strategies/known_steps.h"
#include "strategies/races.h"
#include "strategies/spins.h"
#include "strategies/trace.h"

namespace chicane::strategies {

class Parsimonious {
 public:
  Parsimonious(const Trace& trace, KnownSteps& known, RaceFinder& finder, const Gates& gates,
               const Spins& spins)
      : trace_(trace), known_(known), finder_(finder), gates_(gates), spins_(spins) {}
  /// There is nothing to try.
  void clear();
  /// All runs are to be tried.
  void begin();
  /// The next run: `*keep` steps of the last one are the same. False when there is none.
  bool next(std::uint32_t* keep);
  /// Who goes on; outcomes that are given go to `*outcomes`. kGivenUp: the run belongs elsewhere.
  /// kStopped: all are held, by gates or because they only wait.
  int choose(const engine::ThreadChoice& choice, engine::SharedVector<StepOutcome>* outcomes);
  static constexpr int kGivenUp = -1, kStopped = -2;
  /// What the run that has ended leads to; `whole`: it was not given up, `cut`: it was cut off.
  /// False when it belongs elsewhere after all.
  bool finish(bool whole, bool cut);
  /// Which part of all that is to be tried lies behind, if all of a run's reversals lead to as
  /// many.
  double behind() const;

 private:
  // Places are those of a run's steps that are not silent.
  struct Decision {
    Tid tid = kNone;
    engine::SharedVector<std::uint32_t> outcomes;  // the first ones
  };
  struct Reversal {
    std::uint32_t from = 0, head = 0;  // its first place, and its head's
    Tid tid = kNone;                   // the head's; kNone: it is only another outcome
    Tid delayed_tid = kNone;
    std::uint32_t delayed_number = 0;  // of that thread's steps
    Footprint delayed;
    Footprint expected;                          // what the head touched where it came later
    bool several = false;                        // what is delayed may have several outcomes
    engine::SharedVector<std::uint32_t> open;    // places before it that the head could come before
    engine::SharedVector<std::uint32_t> needed;  // that it could not, but for what is delayed
  };
  /// A run to try, as another one leads to it.
  struct Attempt {
    engine::SharedVector<std::uint32_t> before_head;  // places of that run
    Decision head;
    Reversal reversal;
    std::uint32_t longer = kNone;   // of that run's reversals, the one whose head comes after this
    std::uint32_t shorter = kNone;  // the one whose head needs less than it did
  };
  struct Run {
    engine::SharedVector<Decision> decisions;  // its first ones
    engine::SharedVector<Reversal> reversals;
    std::uint32_t first = 0;            // the place of what is new,
    std::size_t given = 0;              // and so many outcomes there are
    engine::SharedVector<Tid> avoided;  // whose steps after the decisions would belong elsewhere
  };
  /// Of a head, so that its run belongs to its reversals: it depends on each of `touches`, and
  /// where it depends on what `touched` did, also on what `after` did.
  struct Condition {
    Footprint touched, after;
  };
  struct Conditions {
    engine::SharedVector<Footprint> touches;
    engine::SharedVector<Condition> unless;
    bool are_met(const Footprint& head, const Footprint& at_most) const;
  };
  /// A run to try that seems not to belong here, with the key of its head (known_steps.h).
  struct Doubtful {
    Run run;
    std::uint64_t key = 0;
    Conditions conditions;
  };
  /// A run, and what of it is left to try.
  struct Level {
    engine::SharedVector<Decision> decisions;
    engine::SharedVector<Reversal> reversals;
    engine::SharedVector<Attempt> attempts;
    engine::SharedVector<Doubtful> doubtful;  // tried when there is nothing else
    std::size_t all = 0;
  };
  bool take_next();
  static Run run_of(const Level& level, const Attempt& attempt);
  Decision decision_at(std::uint32_t place) const;
  bool is_same(const Decision& decision, std::uint32_t step) const;
  bool is_held(Tid tid) const { return gates_.hold_back(trace_, tid) || spins_.holds(trace_, tid); }
  bool belongs(std::uint32_t place) const;
  bool is_as_before(const Reversal& reversal, std::uint32_t place) const;
  bool needs_all(const Reversal& reversal) const;
  bool counts(const Reversal& reversal, std::uint32_t step) const;
  bool follows(const Reversal& reversal, std::uint32_t step) const;
  /// Whether a step that is to be made belongs here.
  enum class Belief : std::uint8_t { kYes, kPerhaps, kHardly, kNo };
  int choose_freely(const engine::ThreadChoice& choice);
  bool may_go(const engine::Thread& thread) const;
  void learn();
  Belief believe(const engine::Thread& thread) const;
  Belief believe(const Reversal& reversal, Tid tid, const Footprint& own,
                 const Footprint* known) const;
  bool goes_on_after(const Reversal& reversal, Tid tid) const;
  std::uint64_t key_of_next(const engine::Thread& thread, const Footprint& own) const;
  void avoid_last();
  void add_races(bool cut);
  bool is_other_outcome(std::uint32_t step) const;
  void add_reversal(const Race& race);
  void add_outcomes();
  void add_outcome(Attempt attempt);
  void add_conditions(std::uint32_t place, Conditions* conditions) const;
  void add(Attempt attempt);
  void collect_past(const Race& race, const Footprint& touched);
  void mark(std::uint32_t step) {
    if (step != kNone) past_[step] = 1;
  }
  static bool may_be_met(const Footprint& footprint);
  static bool contains(const engine::SharedVector<std::uint32_t>& places, std::uint32_t place);
  bool may_head(const Reversal& upper, const Race& race, std::uint32_t place,
                Conditions* conditions) const;
  Footprint guess_second(const Race& race, const Footprint& touched);
  void add_needs(const Race& race, const Attempt& attempt, Conditions* conditions) const;
  void add_doubtful(Attempt attempt, std::uint64_t key, Conditions conditions);
  Footprint with_time(Footprint footprint) const;

  const Trace& trace_;
  KnownSteps& known_;
  RaceFinder& finder_;
  const Gates& gates_;
  const Spins& spins_;
  engine::SharedVector<Level> levels_;
  Run now_;
  bool again_ = false;         // it is to be tried once more
  std::uint32_t checked_ = 0;  // so many of its steps belong here
  bool elsewhere_ = false;     // the next one does not
  bool learns_ = false;        // what steps do is learned:
  std::uint32_t looked_ = 0;   // these do not ask for it,
  std::uint32_t learned_ = 0;  // and so many are known
  std::size_t doubtful_ = 0;   // of all levels
  engine::SharedVector<Race> races_;
  engine::SharedVector<std::uint8_t> past_;  // by step: whether the head needs it
};

}  // namespace chicane::strategies
