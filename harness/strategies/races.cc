// SPDX-License-Identifier: Apache-2.0
#include "strategies/races.h"

#include <algorithm>
#include <utility>

#include "strategies/gates.h"

namespace chicane::strategies {

/// The later of two racing steps, executed or waiting.
struct RaceFinder::Late {
  Tid tid;
  std::uint32_t previous;  // what it comes after in any case; kNone: nothing
  std::uint32_t step, waiting;
  bool blocking, lock;
  const Footprint* footprint;
  unsigned own;  // of it, the first ones: the operation's, and not what was announced after it
};

void RaceFinder::find(std::uint32_t step, engine::SharedVector<Race>* races) {
  const TraceStep& late = trace_.step(step);
  // Joins wait for an end, wakes for a signal: neither can come first. Their deadlines can.
  find({.tid = late.tid,
        .previous = trace_.origin(step),
        .step = step,
        .waiting = kNone,
        .blocking = late.blocking,
        .lock = late.lock && !late.by_timeout,
        .footprint = &late.footprint,
        .own = late.own_accesses},
       races);
}

void RaceFinder::find_waiting(std::uint32_t waiting, engine::SharedVector<Race>* races) {
  const Waiting& late = trace_.waiting()[waiting];
  find({.tid = late.tid,
        .previous = late.previous,
        .step = kNone,
        .waiting = waiting,
        .blocking = !late.enabled,
        .lock = late.lock,
        .footprint = &late.footprint,
        .own = late.footprint.size()},
       races);
}

void RaceFinder::find(const Late& late, engine::SharedVector<Race>* races) {
  before_.clear();
  any_fixed_ = false;
  // A waiting step has no entries: its object's chain begins at the end.
  const auto own =
      late.step != kNone ? trace_.entries_of(late.step) : std::span<const TraceEntry>();
  const auto entries = trace_.entries();
  const auto head = [&](const Access& access, unsigned entry) {
    return late.step == kNone ? trace_.last_entry(access.object) : own[entry].before;
  };
  if (late.step != kNone && late.footprint->everything()) {
    for (std::uint32_t last : trace_.last_steps()) {
      // A silent step is not ordered: what it orders (a join after an end) is not either.
      while (last != kNone && trace_.step(last).silent) last = trace_.step(last).previous;
      if (last != kNone && last != late.step) before_.push_back({last, kNone, false, false, true});
    }
  }
  unsigned entry = 0;
  for (unsigned i = 0; i < late.footprint->size(); ++i) {
    const Access access = (*late.footprint)[i];
    if (!trace_.has_entry(access)) continue;
    const bool by_lock = late.lock && acquires(access.mode);
    for (std::uint32_t e = trace_.meeting(access.mode, head(access, entry++)); e != kNone;
         e = trace_.meeting(access.mode, entries[e].before)) {
      if (entries[e].step == late.step || !conflict(access.mode, entries[e].mode)) continue;
      const bool fixed = is_gate(access.object);
      any_fixed_ = any_fixed_ || fixed;
      const bool readies = i < late.own && entries[e].mode != Mode::kRead;
      before_.push_back({entries[e].step, entries[e].object, by_lock, fixed, readies});
      if (is_exclusive(entries[e].mode)) break;
    }
  }
  for (const Before& before : before_) {
    if (before.by_lock || trace_.step(before.step).tid == late.tid) continue;
    if ((any_fixed_ && is_fixed(before.step)) || ordered_by_others(late, before.step)) continue;
    if (!late.blocking || may_come_first(late, before)) {
      Race& race = races->emplace_back();
      race.first = before.step;
      race.second = late.step;
      race.waiting = late.waiting;
    } else if (before.object != kNone) {
      add_earlier_race(late, before, races);
    }
  }
  if (!late.lock) return;
  entry = 0;
  for (unsigned i = 0; i < late.footprint->size(); ++i) {
    const Access access = (*late.footprint)[i];
    if (!trace_.has_entry(access)) continue;
    const std::uint32_t from = head(access, entry++);
    if (acquires(access.mode)) add_lock_races(late, access, from, races);
  }
}

bool RaceFinder::is_fixed(std::uint32_t first) const {
  return std::any_of(before_.begin(), before_.end(), [first](const Before& before) {
    return before.fixed && before.step == first;
  });
}

bool RaceFinder::ordered_by_others(const Late& late, std::uint32_t first) const {
  const std::uint32_t number = trace_.step(first).number;
  const Trace::Counts counts = trace_.counts_of(trace_.step(first).tid);
  if (late.previous != kNone && counts[late.previous] >= number) return true;
  for (const Before& before : before_) {
    if (before.step > first && counts[before.step] >= number) return true;
  }
  return false;
}

bool RaceFinder::may_come_first(const Late& late, const Before& racing) const {
  const std::uint32_t first = racing.step;
  // Where it was not yet waiting, its announcement would have been ordered after `first`.
  if (late.previous != kNone && late.previous >= first) {
    if (trace_.changes(first, racing.object)) return true;
    // `first` only looked: what it saw is what there was when the waiting began.
    const std::uint32_t began = late.previous + 1;
    return began < trace_.size() && trace_.is_enabled(began, late.tid);
  }
  if (trace_.is_enabled(first, late.tid)) return true;
  // It may be made ready by another of its objects, which this run touched later.
  for (const Before& before : before_) {
    if (late.previous != kNone && before.step <= late.previous) continue;
    if (before.step <= first || trace_.happens_before(first, before.step)) continue;
    if (!before.readies) continue;
    const std::uint32_t after = before.step + 1;
    if (after < trace_.size() && trace_.is_enabled(after, late.tid)) return true;
  }
  return false;
}

/// `late` could not go on before `near`, its last step on an object. It may have been ready
/// earlier, until a step took that away: all from this step on then comes after it.
void RaceFinder::add_earlier_race(const Late& late, const Before& near,
                                  engine::SharedVector<Race>* races) const {
  const auto entries = trace_.entries();
  std::uint32_t e = trace_.last_entry_of(near.object);
  while (e != kNone && entries[e].step > near.step) e = entries[e].before;
  for (; e != kNone; e = entries[e].before) {
    const std::uint32_t first = entries[e].step;
    if (first == near.step || entries[e].mode == Mode::kRead) continue;
    if (trace_.step(first).tid == late.tid) return;
    if (late.previous != kNone && trace_.happens_before(first, late.previous)) return;
    if (any_fixed_ && is_fixed(first)) return;
    if (!trace_.is_enabled(first, late.tid)) continue;
    const auto same = [&](const Race& race) {
      return race.first == first && race.second == late.step && race.waiting == late.waiting;
    };
    if (std::any_of(races->begin(), races->end(), same)) return;
    races->push_back({first, late.step, late.waiting, {}});
    return;
  }
}

// ---- locks ----

bool RaceFinder::is_moved_too(const Race& race, std::uint32_t step) const {
  return std::any_of(race.others.begin(), race.others.end(),
                     [&](std::uint32_t first) { return comes_after(step, first); });
}

/// Which acquisition stands in the way of `access` when all that is moved comes after it; kNone:
/// none.
std::uint32_t RaceFinder::holder(const Access& access, std::uint32_t from, const Race& race) const {
  engine::SharedVector<Tid> unshared;
  for (std::uint32_t e = from; e != kNone; e = trace_.entries()[e].before) {
    const TraceEntry& entry = trace_.entries()[e];
    if (is_moved(race, entry.step)) continue;
    const Tid tid = trace_.step(entry.step).tid;
    if (entry.mode == Mode::kRelease) return kNone;
    if (entry.mode == Mode::kAcquire) return entry.step;
    if (entry.mode == Mode::kUnshare) unshared.push_back(tid);
    if (entry.mode != Mode::kShare) continue;
    const auto matching = std::find(unshared.begin(), unshared.end(), tid);
    if (matching != unshared.end()) {
      unshared.erase(matching);
    } else if (access.mode == Mode::kAcquire) {
      return entry.step;
    }
  }
  return kNone;
}

void RaceFinder::add_lock_races(const Late& late, const Access& access, std::uint32_t from,
                                engine::SharedVector<Race>* races) {
  const auto ordered = [&](std::uint32_t first) {
    if (late.previous != kNone && trace_.happens_before(first, late.previous)) return true;
    return std::any_of(before_.begin(), before_.end(), [&](const Before& before) {
      return !before.by_lock && trace_.happens_before(first, before.step);
    });
  };
  for (std::uint32_t e = from; e != kNone; e = trace_.entries()[e].before) {
    const TraceEntry& entry = trace_.entries()[e];
    const Tid tid = trace_.step(entry.step).tid;
    const bool last = entry.mode == Mode::kAcquire;
    if (entry.step == late.step || tid == late.tid || entry.mode == Mode::kRelease ||
        entry.mode == Mode::kUnshare || !conflict(access.mode, entry.mode)) {
      if (last) return;
      continue;
    }
    Race race{entry.step, late.step, late.waiting, {}};
    bool possible = !ordered(entry.step);
    while (possible) {
      const std::uint32_t other = holder(access, from, race);
      if (other == kNone) break;
      possible = trace_.step(other).tid != late.tid && !ordered(other);
      race.others.push_back(other);
    }
    // Free, and yet it was not enabled there: it stood in a queue.
    const bool waited = late.previous == kNone || late.previous < entry.step;
    if (possible && waited && race.others.empty() && !trace_.is_enabled(entry.step, late.tid)) {
      bool changed = false;
      for (std::uint32_t k = from; k > e && k != kNone; k = trace_.entries()[k].before) {
        changed = changed || !is_moved(race, trace_.entries()[k].step);
      }
      possible = changed;
    }
    if (possible) races->push_back(std::move(race));
    if (last) return;
  }
}

// ---- what is to be tried ----

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
    sequence_[length] = {step.tid, &step.footprint, trace_.outcomes_of(i), 0};
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
      late.footprint.size(),
      [&](const Access& access, unsigned) { return trace_.last_entry(access.object); }, is_there);
}

/// The race's second step: as it was when it came after the same, else as much as it may be.
void RaceFinder::note_second(const Race& race) {
  if (race.second != second_of_ || race.waiting != waiting_of_) guess_second(race);
  end_ = &second_;
  end_key_ = 0;
  if (!asks_) return;
  const std::uint64_t key = key_of_second(race);
  const Footprint* known = known_.find(key);
  if (known == nullptr) {
    end_key_ = key;
  } else if (known_.has_deadlines() && meets_deadline(race, *known)) {
    delaying_ = *known;
    delaying_.add(kVirtualTime, Mode::kWrite);
    end_ = &delaying_;
  } else {
    end_ = known;
  }
}

/// Whether a thread may wait there until a deadline for what `footprint` changes: when it becomes
/// ready, or is no longer, another deadline's turn may come. Who waits is no part of a step's past.
bool RaceFinder::meets_deadline(const Race& race, const Footprint& footprint) const {
  const auto waits = [&](const Footprint& other, unsigned own) {
    bool timed = false, meets = false;
    for (unsigned i = 0; i < own; ++i) {
      timed = timed || other[i].object == kVirtualTime;
      for (unsigned k = 0; k < footprint.size(); ++k) {
        meets =
            meets || (other[i].object == footprint[k].object && footprint[k].mode != Mode::kRead);
      }
    }
    return timed && meets;
  };
  for (std::uint32_t i = race.root(); i < trace_.size(); ++i) {
    const TraceStep& step = trace_.step(i);
    if (step.tid != second_tid_ && is_moved(race, i) && waits(step.footprint, step.own_accesses)) {
      return true;
    }
  }
  return std::any_of(trace_.waiting().begin(), trace_.waiting().end(), [&](const Waiting& waiting) {
    return waiting.tid != second_tid_ && waits(waiting.footprint, waiting.footprint.size());
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
  } else {
    const Waiting& late = trace_.waiting()[race.waiting];
    second_ = late.footprint;
    second_tid_ = late.tid;
  }
  second_.add_any_announcement();
}

std::span<const SequenceStep> RaceFinder::reversal(const Race& race) {
  const bool alone = race.others.empty() &&
                     (race.second == kNone || trace_.happens_before(race.first, race.second));
  if (!alone || race.first != sequence_of_) collect(race);
  sequence_of_ = alone ? race.first : kNone;
  note_second(race);
  sequence_[length_] = {second_tid_, end_, {}, end_key_};
  return {sequence_.data(), length_ + 1};
}

std::size_t RaceFinder::own_steps(const Race& race) const {
  const std::uint32_t end = race.second != kNone ? race.second : trace_.size();
  const auto steps = std::span(steps_).first(length_);
  return static_cast<std::size_t>(std::lower_bound(steps.begin(), steps.end(), end) -
                                  steps.begin());
}

}  // namespace chicane::strategies
