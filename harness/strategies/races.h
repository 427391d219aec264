// SPDX-License-Identifier: Apache-2.0
//
// The reversible races of a run: pairs of dependent steps that nothing else orders and that could
// take effect the other way round. For each, what has to be tried: the steps that do not depend on
// the first of the two, then the second.
//
//   * Of two steps that are never blocked, either may come first.
//   * A lock may be taken before an earlier acquisition, not before the unlock that made it free;
//     readers that would hold it then come later too.
//   * Who waits for a semaphore may come first where it had a place left for one.
//   * Anything else that waits may come first where one of its objects made it ready before that
//     was changed by what then comes later (Trace::is_enabled_by).
//
// Thread safety: engine context. Lives in shared memory.
// Cost: for each race, the length of the run.
#pragma once

#include <cstdint>
#include <span>

#include "engine/shared_heap.h"
#include "strategies/known_steps.h"
#include "strategies/trace.h"
#include "strategies/wakeup_tree.h"

namespace chicane::strategies {

/// A race: what must come after `second` is the step `first` and, of a lock, other holders.
struct Race {
  std::uint32_t first = kNone;
  std::uint32_t second = kNone;   // a step, or
  std::uint32_t waiting = kNone;  // an index in Trace::waiting
  engine::SharedVector<std::uint32_t> others;
  bool undecided = false;  // covered by what the run did besides: in another run it may not be
  std::uint32_t root() const {
    std::uint32_t least = first;
    for (const std::uint32_t other : others) least = other < least ? other : least;
    return least;
  }
};

class RaceFinder {
 public:
  RaceFinder(const Trace& trace, const KnownSteps& known) : trace_(trace), known_(known) {}
  /// Another run is looked at: the trace has all of it. `asks`: what is known of steps matters.
  void begin_run(bool asks);
  /// The races whose second step is `step`, to `*races`.
  void find(std::uint32_t step, engine::SharedVector<Race>* races);
  /// The races whose second step would be that of a thread that waits at the end.
  void find_waiting(std::uint32_t waiting, engine::SharedVector<Race>* races);
  /// What is to be tried from before `race.root()`. It refers to the trace, and is valid until this
  /// is called again.
  std::span<const SequenceStep> reversal(const Race& race);
  /// The same for a step that might have had these outcomes, and others after them: as if it had
  /// kept that one from being made, so that all that does not come after it is before.
  std::span<const SequenceStep> otherwise(std::uint32_t step,
                                          std::span<const StepOutcome> outcomes);
  /// Whether nothing is known of the last of these. Then it was never made there, and no run had
  /// it.
  bool ends_in_new() const { return end_key_ != 0 && !end_known_; }
  /// Whether a step that is not among these surely depends on the last of them.
  bool ends_against(Tid tid, const Footprint& footprint) const {
    return tid != second_tid_ && (tids_ & bit_of(tid)) == 0 && footprint.depends_on(*end_);
  }
  /// Whether `step` is one that must come later, or comes after one.
  bool is_moved(const Race& race, std::uint32_t step) const {
    return comes_after(step, race.first) || (!race.others.empty() && is_moved_too(race, step));
  }
  /// The key (known_steps.h) of the race's second step where all that is moved comes after it.
  std::uint64_t key_of_second(const Race& race) const;
  /// What the race's second step touches where all that is moved comes after it, as far as it was
  /// always the same where it came after the same; null: that is not known. `*at_most`: with what
  /// it may touch besides.
  const Footprint* known_second(const Race& race, const Footprint** at_most);
  /// Whether the race's second step waits for anything but a lock, and could come before step
  /// `first`, too, if what comes after that did not come before.
  bool could_come_first(const Race& race, std::uint32_t first);
  /// Whether nobody has that lock where all that is moved comes after the race's second step.
  bool is_free(const Race& race, ObjectKey lock) const;
  /// Whether the race's second step would not have been ready without `step`.
  bool is_needed(const Race& race, std::uint32_t step) const;
  /// So many of its steps, the first ones, are what the race needs; the rest is what the run did
  /// besides.
  std::size_t own_steps(const Race& race) const;

 private:
  struct Late;
  Late late_step(std::uint32_t step) const;
  Late late_waiting(std::uint32_t waiting) const;
  bool is_settled(const Late& late, std::uint32_t first) const;
  std::uint32_t made_ready_by(std::uint32_t second) const;
  void find(const Late& late, engine::SharedVector<Race>* races);
  void add_lock_races(const Late& late, const Access& access, std::uint32_t from,
                      engine::SharedVector<Race>* races);
  std::uint32_t holder(const Access& access, std::uint32_t from, const Race& race) const;
  bool may_lock(const Late& late, const Race& race) const;
  bool is_moved_too(const Race& race, std::uint32_t step) const;
  bool comes_after(std::uint32_t step, std::uint32_t first) const {
    return step >= first && trace_.happens_before(first, step);
  }
  bool is_fixed(std::uint32_t first) const;
  bool ordered_by_others(const Late& late, std::uint32_t first) const;
  void collect(const Race& race);
  void note_second(const Race& race);
  void guess_second(const Race& race);
  bool has_same_outcomes(const Race& race) const;
  static std::uint64_t key_with(std::uint64_t key, std::span<const StepOutcome> outcomes);
  void note_end(const Race& race, std::uint64_t key);
  bool meets_deadline(const Race& race, const Footprint& footprint) const;
  static std::uint64_t bit_of(Tid tid) { return std::uint64_t{1} << tid % 64; }

  struct Before {
    std::uint32_t step;
    bool by_lock;              // of the chain of a lock that is acquired
    bool fixed;                // a gate's: it stays before
    bool moves_along = false;  // it cannot come later alone, but with what came before it
  };
  /// Of an operation that can block: what it does itself, and the object's last entry before.
  struct Own {
    Access access;
    std::uint32_t before;
  };
  void add_races_of_waiter(const Late& late, engine::SharedVector<Race>* races);
  std::uint32_t first_change(const Late& late, const Own& own, std::uint32_t first) const;
  bool has_place(const Late& late, const Own& own, std::uint32_t first) const;
  std::uint32_t last_without_place(std::uint32_t second) const;
  bool may_come_first(const Late& late, std::uint32_t first) const;
  const Trace& trace_;
  const KnownSteps& known_;
  engine::SharedVector<Before> before_;
  engine::SharedVector<Own> own_;
  engine::SharedVector<std::uint32_t> earlier_;  // steps
  // The last reversal, and which steps it has of the run. All but its end is the same for each race
  // of this run that has its first step, and no other, to come later.
  WakeupSequence sequence_;
  engine::SharedVector<std::uint32_t> steps_;
  std::size_t length_ = 0;  // without its end
  std::uint64_t tids_ = 0;  // of these, a Bloom filter
  std::uint32_t sequence_of_ = kNone;
  // Its end: what is known of it there, or as it may be there, which is the same for each race that
  // has it as its second step.
  const Footprint* end_ = nullptr;
  std::uint64_t end_key_ = 0;
  bool end_known_ = false;
  Footprint second_, delaying_;
  Tid second_tid_ = kNone;
  unsigned second_own_ = 0;  // of what it touches, the first ones: its operation's
  std::uint32_t second_of_ = kNone, waiting_of_ = kNone;
  bool any_fixed_ = false;  // of `before_`
  bool asks_ = false;       // what is known
};

}  // namespace chicane::strategies
