// SPDX-License-Identifier: Apache-2.0
//
// What a run of the parsimonious exploration leads to.
#include <algorithm>
#include <utility>

#include "strategies/parsimonious.h"

namespace chicane::strategies {

Parsimonious::Run Parsimonious::run_of(const Level& level, const Attempt& attempt) {
  Run run;
  const Reversal& reversal = attempt.reversal;
  const auto decisions = level.decisions.begin();
  run.decisions.assign(decisions, decisions + reversal.from);
  for (const std::uint32_t place : attempt.before_head) {
    run.decisions.push_back(level.decisions[place]);
  }
  run.decisions.push_back(attempt.head);
  for (std::uint32_t i = 0; i < level.reversals.size(); ++i) {
    if (level.reversals[i].from > reversal.from) continue;
    if (i == attempt.longer || i == attempt.shorter) continue;
    run.reversals.push_back(level.reversals[i]);
  }
  run.reversals.push_back(reversal);
  run.first = reversal.head;
  run.given = attempt.head.outcomes.size();
  if (attempt.longer == kNone) return run;
  run.decisions.push_back({reversal.delayed_tid, {}});
  run.reversals.push_back(level.reversals[attempt.longer]);
  run.reversals.back().head = ++run.first;
  run.given = 0;
  return run;
}

bool Parsimonious::finish(bool whole, bool cut) {
  const auto places = static_cast<std::uint32_t>(trace_.loud().size());
  while (whole && checked_ < places && belongs(checked_)) ++checked_;
  elsewhere_ = elsewhere_ || (whole && checked_ < places);
  learns_ = learns_ || cut;
  learn();
  if (elsewhere_) {
    avoid_last();
    return false;
  }
  if (!whole) return false;
  Level& level = levels_.emplace_back();
  for (std::uint32_t place = 0; place < places; ++place) {
    level.decisions.push_back(decision_at(place));
  }
  level.reversals = now_.reversals;
  add_races(cut);
  add_outcomes();
  level.all = level.attempts.size() + level.doubtful.size();
  return true;
}

/// The step that nobody asked for was not the right one.
void Parsimonious::avoid_last() {
  if (checked_ < now_.decisions.size()) return;
  if (checked_ > now_.decisions.size()) now_.avoided.clear();
  for (auto place = static_cast<std::uint32_t>(now_.decisions.size()); place < checked_; ++place) {
    now_.decisions.push_back(decision_at(place));
  }
  now_.avoided.push_back(trace_.step(trace_.loud()[checked_]).tid);
  again_ = true;
}

void Parsimonious::add_races(bool cut) {
  races_.clear();
  finder_.begin_run(learns_);
  const auto loud = trace_.loud();
  // What came before is needed by what is new, or has been looked at without it.
  for (std::size_t place = now_.first; place < loud.size(); ++place) {
    finder_.find(loud[place], &races_);
  }
  // Where the run was cut off, who waits comes after its last step, whatever is waited for.
  const std::uint32_t last = loud.empty() ? 0 : trace_.size() - 1;
  for (std::uint32_t i = 0; i < trace_.waiting().size(); ++i) {
    const Tid tid = trace_.waiting()[i].tid;
    if (is_held(tid)) continue;
    if (!cut) {
      finder_.find_waiting(i, &races_);
    } else if (trace_.is_enabled(last, tid)) {
      races_.push_back({last, kNone, i, {}});
    }
  }
  for (const Race& race : races_) add_reversal(race);
}

/// Marks what the race's second step needs when all that is moved comes after it.
void Parsimonious::collect_past(const Race& race, const Footprint& touched) {
  past_.assign(trace_.size(), 0);
  const bool waits = race.second == kNone;
  const std::uint32_t end = waits ? trace_.size() : race.second;
  const auto entries = trace_.entries();
  for (unsigned i = 0; i < touched.size(); ++i) {
    const Access access = touched[i];
    if (!trace_.has_entry(access)) continue;
    for (std::uint32_t e = trace_.last_entry(access.object); e != kNone; e = entries[e].before) {
      const std::uint32_t step = entries[e].step;
      if (step >= end || !conflict(access.mode, entries[e].mode)) continue;
      if (finder_.is_moved(race, step)) continue;
      mark(step);
      if (is_exclusive(entries[e].mode)) break;
    }
  }
  if (touched.everything()) {
    for (std::uint32_t step = 0; step < end; ++step) {
      if (!finder_.is_moved(race, step)) mark(step);
    }
  }
  if (waits) {
    const Waiting& waiting = trace_.waiting()[race.waiting];
    mark(waiting.previous != kNone ? waiting.previous : trace_.creator_of(waiting.tid));
  } else {
    mark(trace_.origin(race.second));
    mark(trace_.released_by(race.second));
  }
  for (std::uint32_t i = end; i-- > 0;) {
    if (past_[i] == 0) continue;
    trace_.for_each_before(i, [&](std::uint32_t before) {
      mark(before);
      return false;
    });
  }
}

/// Whether a step has another outcome than those that come first: what comes before it does so as
/// well where it has these.
bool Parsimonious::is_other_outcome(std::uint32_t step) const {
  const auto outcomes = trace_.outcomes_of(step);
  return std::any_of(outcomes.begin(), outcomes.end(),
                     [](const StepOutcome& outcome) { return outcome.chosen != 0; });
}

void Parsimonious::add_reversal(const Race& race) {
  const auto loud = trace_.loud();
  const TraceStep& delayed = trace_.step(race.root());
  if (is_other_outcome(race.root())) return;
  const std::uint32_t from = delayed.place;
  const bool waits = race.second == kNone;
  const Tid tid = waits ? trace_.waiting()[race.waiting].tid : trace_.step(race.second).tid;
  const Footprint& touched =
      waits ? trace_.waiting()[race.waiting].footprint : trace_.step(race.second).footprint;
  // What was made for a reversal stays, but for a head that turns out to touch more than it did,
  // or to be ready without what was made for it.
  Attempt attempt;
  std::uint32_t start = from;
  for (std::uint32_t i = 0; i < now_.reversals.size(); ++i) {
    const Reversal& reversal = now_.reversals[i];
    if (from < reversal.from || from > reversal.head) continue;
    if (reversal.tid == kNone) return;
    if (from == reversal.head) {
      if (tid == reversal.delayed_tid || touched.depends_on(reversal.delayed) ||
          touched.depends_on(reversal.expected)) {
        return;
      }
      attempt.longer = i;
    } else {
      if (race.second != loud[reversal.head] || !contains(reversal.needed, from) ||
          !finder_.could_come_first(race, loud[from]))
        return;
      attempt.shorter = i;
      start = reversal.from;
    }
  }
  collect_past(race, touched);
  Conditions conditions;
  for (std::uint32_t i = 0; i < now_.reversals.size(); ++i) {
    const Reversal& reversal = now_.reversals[i];
    if (i == attempt.shorter) continue;
    if (reversal.from <= start) {
      if (!may_head(reversal, race, start, &conditions)) return;
      continue;
    }
    const std::uint32_t head = loud[reversal.head];
    const bool needed = head == race.second ? reversal.tid != kNone : past_[head] != 0;
    if (!needed) return;
    // Of several steps that the head could come before, it comes before the last one first.
    const auto is_passed = [&](std::uint32_t place) { return finder_.is_moved(race, loud[place]); };
    if (head == race.second && std::any_of(reversal.open.begin(), reversal.open.end(), is_passed))
      return;
  }
  const Reversal* const longer =
      attempt.shorter != kNone ? &now_.reversals[attempt.shorter] : nullptr;
  const auto is_open = [&](std::uint32_t place) {
    if (longer != nullptr && contains(longer->open, place)) return true;
    return place > from && finder_.could_come_first(race, loud[place]);
  };
  const auto is_needed = [&](std::uint32_t place) {
    return longer != nullptr ? contains(longer->needed, place)
                             : finder_.is_needed(race, loud[place]);
  };
  Reversal& reversal = attempt.reversal;
  if (longer != nullptr) {
    reversal = *longer;
    reversal.open.clear();
    reversal.needed.clear();
  } else {
    reversal.delayed_tid = delayed.tid;
    reversal.delayed_number = delayed.number;
    reversal.delayed = delayed.footprint;
    reversal.several = !trace_.outcomes_of(race.root()).empty();
  }
  reversal.from = reversal.head = start;
  reversal.tid = tid;
  reversal.expected = touched;
  for (std::uint32_t place = start; place < loud.size(); ++place) {
    if (past_[loud[place]] == 0) continue;
    if (is_open(place)) {
      reversal.open.push_back(reversal.head);
    } else if (is_needed(place)) {
      reversal.needed.push_back(reversal.head);
    }
    attempt.before_head.push_back(place);
    ++reversal.head;
  }
  attempt.head.tid = tid;
  // Of who waits for a thread it is no object that tells what it comes after.
  if (!learns_ || touched.size() == 0) return add(std::move(attempt));
  add_needs(race, attempt, &conditions);
  // What is known of the head says whether that belongs here. What it did in this run does not; but
  // if that does not belong here, it is not tried before it must be.
  const Footprint guess = guess_second(race, touched);
  const Footprint* at_most = &guess;
  const std::uint64_t key = finder_.key_of_second(race);
  const Footprint* known = finder_.known_second(race, &at_most);
  if (conditions.are_met(known != nullptr ? *known : guess, *at_most)) {
    return add(std::move(attempt));
  }
  if (known == nullptr) add_doubtful(std::move(attempt), key, std::move(conditions));
}

/// What it may do where it comes first: as it did, but a try for a lock may have another end, and
/// the end of the run may have come from what it saw.
Footprint Parsimonious::guess_second(const Race& race, const Footprint& touched) {
  if (race.second == kNone) return touched;
  const TraceStep& step = trace_.step(race.second);
  const bool tries = step.kind == engine::OpKind::kTryLock;
  if (!tries && !touched.everything()) return touched;
  Footprint guess;
  for (unsigned i = 0; i < step.own_accesses; ++i) {
    const ObjectKey object = touched[i].object;
    const Mode mode = finder_.is_free(race, object) ? Mode::kAcquire : Mode::kRead;
    guess.add(object, tries ? mode : touched[i].mode);
  }
  return guess;
}

void Parsimonious::add_doubtful(Attempt attempt, std::uint64_t key, Conditions conditions) {
  constexpr std::size_t kMost = 1024;
  if (doubtful_ == kMost) return add(std::move(attempt));
  Level& level = levels_.back();
  Doubtful doubtful{run_of(level, attempt), key, std::move(conditions)};
  const auto same = [&](const Doubtful& other) {
    const auto &a = doubtful.run.decisions, &b = other.run.decisions;
    const auto is_same = [](const Decision& x, const Decision& y) {
      return x.tid == y.tid && x.outcomes == y.outcomes;
    };
    return doubtful.run.reversals.back().from == other.run.reversals.back().from &&
           std::equal(a.begin(), a.end(), b.begin(), b.end(), is_same);
  };
  if (std::any_of(level.doubtful.begin(), level.doubtful.end(), same)) return;
  level.doubtful.push_back(std::move(doubtful));
  ++doubtful_;
}

void Parsimonious::add_outcomes() {
  const auto loud = trace_.loud();
  for (std::uint32_t place = now_.first; place < loud.size(); ++place) {
    const auto outcomes = trace_.outcomes_of(loud[place]);
    for (std::size_t i = place == now_.first ? now_.given : 0; i < outcomes.size(); ++i) {
      for (std::uint32_t other = 1; other < outcomes[i].count; ++other) {
        Attempt attempt;
        attempt.head = decision_at(place);
        attempt.head.outcomes.resize(i + 1);
        attempt.head.outcomes.back() = other;
        attempt.reversal.from = attempt.reversal.head = place;
        add_outcome(std::move(attempt));
      }
    }
  }
}

void Parsimonious::add_outcome(Attempt attempt) {
  Level& level = levels_.back();
  const std::uint32_t place = attempt.reversal.head;
  Conditions conditions;
  if (learns_) add_conditions(place, &conditions);
  if (conditions.touches.empty() && conditions.unless.empty()) {
    level.attempts.push_back(std::move(attempt));
    return;
  }
  std::uint64_t key = known_.key_of(trace_, trace_.loud()[place]);
  for (const std::uint32_t outcome : attempt.head.outcomes) {
    key = KnownSteps::with_outcome(key, outcome);
  }
  const Footprint* known = known_.find_constant(key);
  if (known == nullptr) {
    add_doubtful(std::move(attempt), key, std::move(conditions));
  } else if (conditions.are_met(*known, with_time(*known))) {
    level.attempts.push_back(std::move(attempt));
  }
}

bool Parsimonious::contains(const engine::SharedVector<std::uint32_t>& places,
                            std::uint32_t place) {
  return std::find(places.begin(), places.end(), place) != places.end();
}

/// A race of a writer with several readers may have each of them as its first: it is one.
void Parsimonious::add(Attempt attempt) {
  auto& attempts = levels_.back().attempts;
  const auto same = [&](const Attempt& other) {
    return other.reversal.from == attempt.reversal.from && other.head.tid == attempt.head.tid &&
           other.head.outcomes == attempt.head.outcomes && other.before_head == attempt.before_head;
  };
  if (std::none_of(attempts.begin(), attempts.end(), same)) attempts.push_back(std::move(attempt));
}

double Parsimonious::behind() const {
  double behind = 0, here = 1;
  for (const Level& level : levels_) {
    here /= static_cast<double>(level.all + 1);  // its own run is one
    const std::size_t left = level.attempts.size() + level.doubtful.size();
    behind += here * static_cast<double>(level.all - std::min(level.all, left));
  }
  return behind;
}

}  // namespace chicane::strategies
