// SPDX-License-Identifier: Apache-2.0
#include "strategies/races.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "strategies/gates.h"

namespace chicane::strategies {

/// The later of two racing steps, executed or waiting.
struct RaceFinder::Late {
  Tid tid;
  std::uint32_t previous;  // what it comes after in any case; kNone: nothing
  std::uint32_t step, waiting;
  bool blocking, lock;
  bool counted;
  const Footprint* footprint;
  unsigned own;  // of it, the first ones: the operation's, and not what was announced after it
};

void RaceFinder::find(std::uint32_t step, engine::SharedVector<Race>* races) {
  find(late_step(step), races);
}

void RaceFinder::find_waiting(std::uint32_t waiting, engine::SharedVector<Race>* races) {
  find(late_waiting(waiting), races);
}

RaceFinder::Late RaceFinder::late_step(std::uint32_t step) const {
  const TraceStep& late = trace_.step(step);
  // Joins wait for an end, wakes for a signal: neither can come first. Their deadlines can.
  return {.tid = late.tid,
          .previous = trace_.origin(step),
          .step = step,
          .waiting = kNone,
          .blocking = late.blocking,
          .lock = late.lock && !late.by_timeout,
          .counted = late.counted,
          .footprint = &late.footprint,
          .own = late.own_accesses};
}

RaceFinder::Late RaceFinder::late_waiting(std::uint32_t waiting) const {
  const Waiting& late = trace_.waiting()[waiting];
  return {.tid = late.tid,
          .previous = late.previous,
          .step = kNone,
          .waiting = waiting,
          .blocking = !late.enabled || late.counted,
          .lock = late.lock,
          .counted = late.counted,
          .footprint = &late.footprint,
          .own = late.own_accesses};
}

bool RaceFinder::could_come_first(const Race& race, std::uint32_t first) {
  const Late late = race.second != kNone ? late_step(race.second) : late_waiting(race.waiting);
  if (!late.blocking || late.lock) return false;
  own_.clear();
  const auto own =
      late.step != kNone ? trace_.entries_of(late.step) : std::span<const TraceEntry>();
  unsigned entry = 0;
  for (unsigned i = 0; i < late.own; ++i) {
    const Access access = (*late.footprint)[i];
    if (!trace_.has_entry(access)) continue;
    const std::uint32_t last =
        late.step == kNone ? trace_.last_entry(access.object) : own[entry++].before;
    own_.push_back({access, last});
  }
  return !is_settled(late, first) && may_come_first(late, first);
}

bool RaceFinder::is_needed(const Race& race, std::uint32_t step) const {
  if (race.second == kNone) return true;
  const std::uint32_t by = made_ready_by(race.second);
  return by == step || (by != kNone && trace_.origin(by) != kNone &&
                        trace_.happens_before(step, trace_.origin(by)));
}

/// The step without which `second` would not have been ready; kNone: it was from the start.
std::uint32_t RaceFinder::made_ready_by(std::uint32_t second) const {
  const TraceStep& late = trace_.step(second);
  if (late.counted) return last_without_place(second);
  std::uint32_t ready = second;
  const std::uint32_t origin = trace_.origin(second);
  while (ready > 0 && ready - 1 != origin && trace_.is_enabled(ready - 1, late.tid)) --ready;
  return ready == 0 || ready - 1 == origin ? kNone : ready - 1;
}

bool RaceFinder::is_settled(const Late& late, std::uint32_t first) const {
  return trace_.step(first).tid == late.tid ||
         (late.previous != kNone && trace_.happens_before(first, late.previous));
}

void RaceFinder::find(const Late& late, engine::SharedVector<Race>* races) {
  before_.clear();
  own_.clear();
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
      if (last != kNone && last != late.step) before_.push_back({last, false, false});
    }
  }
  unsigned entry = 0;
  for (unsigned i = 0; i < late.footprint->size(); ++i) {
    const Access access = (*late.footprint)[i];
    if (!trace_.has_entry(access)) continue;
    const bool by_lock = late.lock && acquires(access.mode);
    const std::uint32_t last = head(access, entry++);
    if (late.blocking && i < late.own) own_.push_back({access, last});
    for (std::uint32_t e = trace_.meeting(access.mode, last); e != kNone;
         e = trace_.meeting(access.mode, entries[e].before)) {
      if (entries[e].step == late.step || !conflict(access.mode, entries[e].mode)) continue;
      const bool fixed = is_gate(access.object);
      any_fixed_ = any_fixed_ || fixed;
      before_.push_back({entries[e].step, by_lock, fixed});
      if (is_exclusive(entries[e].mode)) break;
    }
  }
  if (late.blocking && !late.lock) return add_races_of_waiter(late, races);
  if (late.lock) {
    std::sort(before_.begin(), before_.end(),
              [](const Before& a, const Before& b) { return a.step > b.step; });
  }
  for (Before& before : before_) {
    if (before.by_lock || trace_.step(before.step).tid == late.tid) continue;
    if (any_fixed_ && is_fixed(before.step)) continue;
    const Race race{before.step, late.step, late.waiting, {}};
    before.moves_along = late.lock && late.blocking && !may_lock(late, race);
    if (before.moves_along || ordered_by_others(late, before.step)) continue;
    races->push_back(race);
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
  return std::any_of(before_.begin(), before_.end(), [&](const Before& before) {
    return before.fixed && trace_.happens_before(first, before.step);
  });
}

bool RaceFinder::ordered_by_others(const Late& late, std::uint32_t first) const {
  const std::uint32_t number = trace_.step(first).number;
  const Trace::Counts counts = trace_.counts_of(trace_.step(first).tid);
  if (late.previous != kNone && counts[late.previous] >= number) return true;
  for (const Before& before : before_) {
    if (before.step > first && !before.moves_along && counts[before.step] >= number) return true;
  }
  return false;
}

// ---- what waits for anything but a lock ----

/// A step that made `late` ready cannot come after it, but together with what took that away
/// before, it may: of all that its objects depend on, from the last one back, what `late` may come
/// before.
void RaceFinder::add_races_of_waiter(const Late& late, engine::SharedVector<Race>* races) {
  const std::size_t others = races->size();
  const auto entries = trace_.entries();
  earlier_.clear();
  for (const Before& before : before_) earlier_.push_back(before.step);
  for (const Own& own : own_) {
    for (std::uint32_t e = own.before; e != kNone; e = entries[e].before) {
      if (entries[e].mode == Mode::kRead || !conflict(own.access.mode, entries[e].mode)) continue;
      if (is_settled(late, entries[e].step)) break;
      earlier_.push_back(entries[e].step);
    }
  }
  std::sort(earlier_.begin(), earlier_.end(), std::greater<>());
  earlier_.erase(std::unique(earlier_.begin(), earlier_.end()), earlier_.end());
  for (const std::uint32_t first : earlier_) {
    const bool ordered =
        std::any_of(races->begin() + static_cast<std::ptrdiff_t>(others), races->end(),
                    [&](const Race& race) { return trace_.happens_before(first, race.first); });
    if (ordered || is_settled(late, first) || (any_fixed_ && is_fixed(first))) continue;
    if (may_come_first(late, first)) races->push_back({first, late.step, late.waiting, {}});
  }
}

/// The first step that changed an object of `late`, of those that come after `first`; where none
/// did, `late` itself.
std::uint32_t RaceFinder::first_change(const Late& late, const Own& own,
                                       std::uint32_t first) const {
  std::uint32_t change = late.step != kNone ? late.step : trace_.size();
  const auto entries = trace_.entries();
  for (std::uint32_t e = own.before; e != kNone && entries[e].step >= first;
       e = entries[e].before) {
    if (entries[e].mode != Mode::kRead && comes_after(entries[e].step, first)) {
      change = entries[e].step;
    }
  }
  // Had it not yet been waiting there, its announcement would have been ordered after that.
  return late.previous != kNone ? std::max(change, late.previous + 1) : change;
}

/// Whether `late` is ready where neither `first` nor what comes after it has been made. An object
/// is there as it was before the first of these that changed it: whoever changed it later comes
/// after that, too.
bool RaceFinder::may_come_first(const Late& late, std::uint32_t first) const {
  if (late.counted) return !own_.empty() && has_place(late, own_.front(), first);
  if (own_.empty()) {
    const std::uint32_t by = late.step != kNone ? trace_.released_by(late.step) : kNone;
    return by != kNone && !comes_after(by, first);
  }
  const auto is_object = [](const Own& own) { return own.access.object != kVirtualTime; };
  const bool several = std::count_if(own_.begin(), own_.end(), is_object) > 1;
  return std::any_of(own_.begin(), own_.end(), [&](const Own& own) {
    const std::uint32_t change = first_change(late, own, first);
    if (change >= trace_.size()) return false;
    if (!is_object(own)) return trace_.is_enabled(change, late.tid);
    return several ? trace_.is_enabled_by(change, late.tid, own.access.object)
                   : trace_.is_enabled(change, late.tid, /*in_time=*/true);
  });
}

// ---- semaphores ----

/// The same of a semaphore: whoever changes it comes after all that changed it before, so that it
/// is there as it was before the first of those that come later.
bool RaceFinder::has_place(const Late& late, const Own& own, std::uint32_t first) const {
  std::uint64_t places =
      late.step != kNone ? trace_.places_before(late.step, own.access.object) : 0;
  const auto entries = trace_.entries();
  for (std::uint32_t e = own.before; e != kNone && entries[e].step >= first;
       e = entries[e].before) {
    if (!comes_after(entries[e].step, first)) continue;
    const std::uint64_t before = trace_.places_before(entries[e].step, own.access.object);
    if (before != Trace::kUntold) places = before;
  }
  return places != 0;
}

/// The last step before `second`, which went through a semaphore, that found no place left there;
/// kNone: none did.
std::uint32_t RaceFinder::last_without_place(std::uint32_t second) const {
  const ObjectKey semaphore = trace_.step(second).footprint[0].object;
  const auto entries = trace_.entries();
  for (std::uint32_t e = trace_.entries_of(second).front().before; e != kNone;
       e = entries[e].before) {
    if (trace_.places_before(entries[e].step, semaphore) == 0) return entries[e].step;
  }
  return kNone;
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

bool RaceFinder::is_free(const Race& race, ObjectKey lock) const {
  std::uint32_t last = trace_.last_entry(lock);
  while (last != kNone && trace_.entries()[last].step >= race.second) {
    last = trace_.entries()[last].before;
  }
  return holder({lock, Mode::kAcquire}, last, race) == kNone;
}

/// Whether nobody has what `late` locks when all that is moved comes after it, or its deadline's
/// turn may come there.
bool RaceFinder::may_lock(const Late& late, const Race& race) const {
  const auto own =
      late.step != kNone ? trace_.entries_of(late.step) : std::span<const TraceEntry>();
  unsigned entry = 0;
  bool is_free = true, timed = false;
  for (unsigned i = 0; i < late.own; ++i) {
    const Access access = (*late.footprint)[i];
    timed = timed || access.object == kVirtualTime;
    if (!trace_.has_entry(access)) continue;
    const std::uint32_t from =
        late.step == kNone ? trace_.last_entry(access.object) : own[entry++].before;
    if (acquires(access.mode)) is_free = is_free && holder(access, from, race) == kNone;
  }
  return is_free || (timed && may_come_first(late, race.first));
}

void RaceFinder::add_lock_races(const Late& late, const Access& access, std::uint32_t from,
                                engine::SharedVector<Race>* races) {
  const auto ordered = [&](std::uint32_t first) {
    if (late.previous != kNone && trace_.happens_before(first, late.previous)) return true;
    return std::any_of(before_.begin(), before_.end(), [&](const Before& before) {
      return !before.by_lock && !before.moves_along && trace_.happens_before(first, before.step);
    });
  };
  // What it may come before first: what came before that comes later, too.
  const std::size_t known = races->size();
  const auto passes = [&](std::uint32_t first) {
    return std::any_of(races->begin() + static_cast<std::ptrdiff_t>(known), races->end(),
                       [&](const Race& race) {
                         return race.first != first && trace_.happens_before(first, race.first);
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
    bool possible = !ordered(entry.step) && !passes(entry.step);
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

}  // namespace chicane::strategies
