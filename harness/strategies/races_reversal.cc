// SPDX-License-Identifier: Apache-2.0
//
// What is to be tried for a race, or for another outcome of a step.
#include <algorithm>

#include "strategies/races.h"

namespace chicane::strategies {

void RaceFinder::begin_run(bool asks) {
  asks_ = asks;
  sequence_of_ = second_of_ = waiting_of_ = kNone;
  const std::size_t most = trace_.loud().size() + 1;
  if (sequence_.size() < most) sequence_.resize(2 * most);
  if (steps_.size() < most) steps_.resize(2 * most);
}

/// What is not moved of the steps after the race's first. Silent ones need not be told: they come
/// of themselves.
void RaceFinder::collect(const Race& race) {
  std::size_t length = 0;
  std::uint64_t tids = 0;
  const std::uint32_t number = trace_.step(race.first).number;
  const Trace::Counts counts = trace_.counts_of(trace_.step(race.first).tid);
  const bool more = !race.others.empty();
  const auto loud = trace_.loud();
  for (const std::uint32_t i : loud.subspan(trace_.step(race.root()).place + 1)) {
    if (counts[i] >= number || (more && is_moved_too(race, i))) continue;
    if (i == race.second) continue;
    const TraceStep& step = trace_.step(i);
    sequence_[length] = {step.tid, &step.footprint, trace_.outcomes_of(i), 0, false};
    steps_[length++] = i;
    tids |= bit_of(step.tid);
  }
  length_ = length;
  tids_ = tids;
}

/// Of the step that it will be when all that is moved comes after it.
std::uint64_t RaceFinder::key_of_second(const Race& race) const {
  const auto is_there = [&](std::uint32_t step) {
    return step != race.second && !is_moved(race, step);
  };
  if (race.second != kNone) {
    const TraceStep& late = trace_.step(race.second);
    const auto own = trace_.entries_of(race.second);
    return known_.key_of(
        trace_, late.tid, late.number, trace_.origin(race.second), late.kind, late.footprint,
        late.own_accesses, [&](const Access&, unsigned entry) { return own[entry].before; },
        is_there);
  }
  const Waiting& late = trace_.waiting()[race.waiting];
  const std::uint32_t origin = late.previous != kNone ? late.previous : trace_.creator_of(late.tid);
  return known_.key_of(
      trace_, late.tid, trace_.steps_of(late.tid) + 1, origin, late.kind, late.footprint,
      late.own_accesses,
      [&](const Access& access, unsigned) { return trace_.last_entry(access.object); }, is_there);
}

/// The race's second step: as it was when it came after the same, else as much as it may be.
void RaceFinder::note_second(const Race& race) {
  if (race.second != second_of_ || race.waiting != waiting_of_) guess_second(race);
  note_end(race, asks_ ? key_of_second(race) : 0);
}

/// With what is known of the step of that key; 0: nothing is asked.
void RaceFinder::note_end(const Race& race, std::uint64_t key) {
  end_ = &second_;
  end_key_ = key;
  const Footprint* known = key != 0 ? known_.find(key) : nullptr;
  end_known_ = known != nullptr;
  if (!end_known_) return;
  if (known_.has_deadlines() && meets_deadline(race, *known)) {
    delaying_ = *known;
    delaying_.add(kVirtualTime, Mode::kWrite);
    end_ = &delaying_;
  } else {
    end_ = known;
  }
}

const Footprint* RaceFinder::known_second(const Race& race, const Footprint** at_most) {
  const Footprint* known = known_.find_constant(key_of_second(race));
  if (known == nullptr) return nullptr;
  asks_ = true;
  note_second(race);
  *at_most = end_;
  return known;
}

/// Whether a thread may wait there until a deadline for what `footprint` changes: when it becomes
/// ready, or is no longer, another deadline's turn may come. Who waits is no part of a step's past.
bool RaceFinder::meets_deadline(const Race& race, const Footprint& footprint) const {
  // By its key, of what its operation changes so that it conflicts with who reads it.
  const auto is_told = [&](unsigned k) {
    return footprint[k].mode == Mode::kRead || footprint[k].object == kVirtualTime ||
           (k < second_own_ && conflict(footprint[k].mode, Mode::kRead));
  };
  const auto waits = [&](Tid tid, std::uint32_t since, const Footprint& other, unsigned own) {
    // Who has not come so far does not wait there.
    if (tid == second_tid_ || (since != kNone && is_moved(race, since))) return false;
    bool timed = false, meets = false;
    for (unsigned i = 0; i < own; ++i) {
      timed = timed || other[i].object == kVirtualTime;
      for (unsigned k = 0; k < footprint.size(); ++k) {
        meets = meets || (other[i].object == footprint[k].object && !is_told(k));
      }
    }
    return timed && meets;
  };
  for (std::uint32_t i = race.root(); i < trace_.size(); ++i) {
    const TraceStep& step = trace_.step(i);
    if (is_moved(race, i) && waits(step.tid, trace_.origin(i), step.footprint, step.own_accesses)) {
      return true;
    }
  }
  return std::any_of(trace_.waiting().begin(), trace_.waiting().end(), [&](const Waiting& waiting) {
    return waits(waiting.tid, waiting.previous, waiting.footprint, waiting.own_accesses);
  });
}

void RaceFinder::guess_second(const Race& race) {
  second_of_ = race.second;
  waiting_of_ = race.waiting;
  if (race.second != kNone) {
    // Not its outcomes: elsewhere it may have others. Nor that it failed: it may succeed there.
    const TraceStep& late = trace_.step(race.second);
    second_ = late.footprint;
    if (late.failed) second_.write_what_is_read();
    second_tid_ = late.tid;
    second_own_ = late.own_accesses;
  } else {
    const Waiting& late = trace_.waiting()[race.waiting];
    second_ = late.footprint;
    second_tid_ = late.tid;
    second_own_ = late.own_accesses;
  }
  second_.add_any_announcement();
}

std::span<const SequenceStep> RaceFinder::reversal(const Race& race) {
  const bool alone = race.others.empty() &&
                     (race.second == kNone || trace_.happens_before(race.first, race.second));
  if (!alone || race.first != sequence_of_) collect(race);
  sequence_of_ = alone ? race.first : kNone;
  note_second(race);
  std::span<const StepOutcome> outcomes;
  if (has_same_outcomes(race)) {
    outcomes = trace_.outcomes_of(race.second);
    note_end(race, key_with(end_key_, outcomes));
  }
  sequence_[length_] = {second_tid_, end_, outcomes, end_key_, end_ == &delaying_};
  return {sequence_.data(), length_ + 1};
}

/// Whether the race's second step has its outcomes whatever is moved. If so, what it does with the
/// others is a matter of the runs in which it has them.
bool RaceFinder::has_same_outcomes(const Race& race) const {
  return race.second != kNone && !trace_.outcomes_of(race.second).empty() && asks_ &&
         end_key_ == known_.key_of(trace_, race.second);
}

std::uint64_t RaceFinder::key_with(std::uint64_t key, std::span<const StepOutcome> outcomes) {
  for (const StepOutcome& outcome : outcomes) key = KnownSteps::with_outcome(key, outcome.chosen);
  return key;
}

std::span<const SequenceStep> RaceFinder::otherwise(std::uint32_t step,
                                                    std::span<const StepOutcome> outcomes) {
  const Race race{step, kNone, kNone, {}};
  if (step != sequence_of_) collect(race);
  sequence_of_ = step;
  second_of_ = waiting_of_ = kNone;
  second_ = trace_.step(step).footprint;
  second_tid_ = trace_.step(step).tid;
  second_own_ = trace_.step(step).own_accesses;
  second_.add_any_announcement();
  note_end(race, key_with(known_.key_of(trace_, step), outcomes));
  sequence_[length_] = {second_tid_, end_, outcomes, end_key_, end_ == &delaying_};
  return {sequence_.data(), length_ + 1};
}

std::size_t RaceFinder::own_steps(const Race& race) const {
  const std::uint32_t end = race.second != kNone ? race.second : trace_.size();
  const auto steps = std::span(steps_).first(length_);
  return static_cast<std::size_t>(std::lower_bound(steps.begin(), steps.end(), end) -
                                  steps.begin());
}

}  // namespace chicane::strategies
