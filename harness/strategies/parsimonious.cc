// SPDX-License-Identifier: Apache-2.0
#include "strategies/parsimonious.h"

#include <algorithm>
#include <utility>

namespace chicane::strategies {

using engine::ThreadChoice;

void Parsimonious::clear() {
  levels_.clear();
  again_ = false;
}

void Parsimonious::begin() {
  clear();
  now_ = {};
  again_ = true;
}

bool Parsimonious::next(std::uint32_t* keep) {
  if (!std::exchange(again_, false)) {
    while (!levels_.empty() && levels_.back().attempts.empty()) levels_.pop_back();
    if (levels_.empty()) return false;
    Level& level = levels_.back();
    make(level, level.attempts.back());
    level.attempts.pop_back();
  }
  // The last decision is what is new.
  const auto loud = trace_.loud();
  std::uint32_t same = 0;
  while (same + 1 < now_.decisions.size() && same < loud.size() &&
         is_same(now_.decisions[same], loud[same])) {
    ++same;
  }
  *keep = same < loud.size() ? loud[same] : trace_.size();
  checked_ = 0;
  elsewhere_ = false;
  return true;
}

void Parsimonious::make(const Level& level, const Attempt& attempt) {
  now_ = {};
  const Reversal& reversal = attempt.reversal;
  const auto decisions = level.decisions.begin();
  now_.decisions.assign(decisions, decisions + reversal.from);
  for (const std::uint32_t place : attempt.before_head) {
    now_.decisions.push_back(level.decisions[place]);
  }
  now_.decisions.push_back(attempt.head);
  for (std::uint32_t i = 0; i < level.reversals.size(); ++i) {
    if (level.reversals[i].from > reversal.from || i == attempt.longer) continue;
    now_.reversals.push_back(level.reversals[i]);
  }
  now_.reversals.push_back(reversal);
  now_.first = reversal.head;
  now_.given = attempt.head.outcomes.size();
  if (attempt.longer == kNone) return;
  now_.decisions.push_back({reversal.delayed_tid, {}});
  now_.reversals.push_back(level.reversals[attempt.longer]);
  now_.reversals.back().head = ++now_.first;
  now_.given = 0;
}

bool Parsimonious::is_same(const Decision& decision, std::uint32_t step) const {
  const auto outcomes = trace_.outcomes_of(step);
  return trace_.step(step).tid == decision.tid &&
         std::equal(outcomes.begin(), outcomes.end(), decision.outcomes.begin(),
                    decision.outcomes.end(), [](const StepOutcome& chosen, std::uint32_t outcome) {
                      return chosen.chosen() == outcome;
                    });
}

Parsimonious::Decision Parsimonious::decision_at(std::uint32_t place) const {
  const std::uint32_t step = trace_.loud()[place];
  Decision decision{trace_.step(step).tid, {}};
  for (const StepOutcome& outcome : trace_.outcomes_of(step)) {
    decision.outcomes.push_back(outcome.chosen());
  }
  return decision;
}

// ---- the run ----

int Parsimonious::choose(const ThreadChoice& choice, engine::SharedVector<StepOutcome>* outcomes) {
  const auto place = static_cast<std::uint32_t>(trace_.loud().size());
  for (; checked_ < place; ++checked_) {
    if (belongs(checked_)) continue;
    elsewhere_ = true;
    return kGivenUp;
  }
  outcomes->clear();
  const auto index_of = [&](auto wanted) {
    for (unsigned i = 0; i < choice.enabled.size(); ++i) {
      if (wanted(*choice.enabled[i])) return static_cast<int>(i);
    }
    return kGivenUp;
  };
  if (place < now_.decisions.size()) {
    const Decision& decision = now_.decisions[place];
    for (const std::uint32_t outcome : decision.outcomes) outcomes->push_back({outcome, 0, 0});
    return index_of([&](const engine::Thread& thread) {
      return trace_.tid_of(thread.id()) == decision.tid && !is_held(decision.tid);
    });
  }
  bool anybody = false;
  const auto may_go = [&](const engine::Thread& thread) {
    const Tid tid = trace_.tid_of(thread.id());
    if (is_held(tid)) return false;
    anybody = true;
    if (place == now_.decisions.size() &&
        std::find(now_.avoided.begin(), now_.avoided.end(), tid) != now_.avoided.end()) {
      return false;
    }
    return may_make(thread);
  };
  if (choice.current_index >= 0 &&
      may_go(*choice.enabled[static_cast<unsigned>(choice.current_index)])) {
    return choice.current_index;
  }
  const int pick = index_of(may_go);
  return pick == kGivenUp && !anybody ? kStopped : pick;
}

/// Whether a step's place in the order of `reversal` counts: it is the delayed thread's, or depends
/// on what was delayed.
bool Parsimonious::counts(const Reversal& reversal, std::uint32_t step) const {
  return trace_.step(step).tid == reversal.delayed_tid ||
         trace_.step(step).footprint.depends_on(reversal.delayed);
}

/// Whether `step` comes after one that counts.
bool Parsimonious::follows(const Reversal& reversal, std::uint32_t step) const {
  const auto loud = trace_.loud();
  for (std::uint32_t place = reversal.from; place < loud.size() && loud[place] < step; ++place) {
    if (trace_.happens_before(loud[place], step) && counts(reversal, loud[place])) return true;
  }
  return false;
}

/// Whether its head needs all that was made for it.
bool Parsimonious::needs_all(const Reversal& reversal) const {
  const auto loud = trace_.loud();
  const auto block = loud.subspan(reversal.from, reversal.head - reversal.from);
  return std::all_of(block.begin(), block.end(), [&](std::uint32_t step) {
    return trace_.happens_before(step, loud[reversal.head]);
  });
}

/// Whether the step at that place is the delayed one after all, with another outcome: nothing that
/// was made since matters to it.
bool Parsimonious::is_as_before(const Reversal& reversal, std::uint32_t place) const {
  const auto loud = trace_.loud();
  const auto since = loud.subspan(reversal.from, place - reversal.from);
  return std::none_of(since.begin(), since.end(),
                      [&](std::uint32_t step) { return trace_.happens_before(step, loud[place]); });
}

/// Of the step at that place, which has ended: whether it is a step of this run's list of
/// reversals, and of no other.
bool Parsimonious::belongs(std::uint32_t place) const {
  const std::uint32_t i = trace_.loud()[place];
  const TraceStep& step = trace_.step(i);
  return std::all_of(now_.reversals.begin(), now_.reversals.end(), [&](const Reversal& reversal) {
    if (reversal.tid == kNone || place < reversal.from) return true;
    if (step.tid == reversal.delayed_tid && is_as_before(reversal, place)) return false;
    const bool depends = step.footprint.depends_on(reversal.delayed);
    if (place == reversal.head) return depends && needs_all(reversal);
    return !depends || step.tid >= reversal.tid || step.tid == reversal.delayed_tid ||
           follows(reversal, i);
  });
}

/// The same of a step that is not made yet, as far as its operation tells.
bool Parsimonious::may_make(const engine::Thread& thread) const {
  const Tid tid = trace_.tid_of(thread.id());
  Footprint footprint;
  const auto loud = trace_.loud();
  return std::all_of(now_.reversals.begin(), now_.reversals.end(), [&](const Reversal& reversal) {
    if (reversal.tid == kNone || tid >= reversal.tid || tid == reversal.delayed_tid) return true;
    if (footprint.size() == 0) {
      add_operation(trace_.names(), thread.pending(), thread.by_timeout(), &footprint);
    }
    if (!footprint.depends_on(reversal.delayed)) return true;
    for (std::uint32_t place = reversal.from; place < loud.size(); ++place) {
      const TraceStep& before = trace_.step(loud[place]);
      const bool precedes = before.tid == tid || before.footprint.depends_on(footprint);
      if (!precedes && !may_be_met(loud[place])) continue;
      if (counts(reversal, loud[place]) || follows(reversal, loud[place])) return true;
    }
    return false;
  });
}

// ---- what it leads to ----

bool Parsimonious::finish(bool whole, bool cut) {
  const auto places = static_cast<std::uint32_t>(trace_.loud().size());
  while (whole && checked_ < places && belongs(checked_)) ++checked_;
  elsewhere_ = elsewhere_ || (whole && checked_ < places);
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
  level.all = level.attempts.size();
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

void Parsimonious::add_reversal(const Race& race) {
  const auto loud = trace_.loud();
  const TraceStep& delayed = trace_.step(race.root());
  const std::uint32_t from = delayed.place;
  const bool waits = race.second == kNone;
  const Tid tid = waits ? trace_.waiting()[race.waiting].tid : trace_.step(race.second).tid;
  const Footprint& touched =
      waits ? trace_.waiting()[race.waiting].footprint : trace_.step(race.second).footprint;
  // What was made for a reversal stays, but for a head that turns out to touch more than it did.
  Attempt attempt;
  for (std::uint32_t i = 0; i < now_.reversals.size(); ++i) {
    const Reversal& reversal = now_.reversals[i];
    if (from < reversal.from || from > reversal.head) continue;
    const bool is_new = from == reversal.head && reversal.tid != kNone &&
                        tid != reversal.delayed_tid && !touched.depends_on(reversal.delayed) &&
                        !touched.depends_on(reversal.expected);
    if (!is_new) return;
    attempt.longer = i;
  }
  collect_past(race, touched);
  for (const Reversal& reversal : now_.reversals) {
    if (reversal.from <= from) {
      if (!may_head(reversal, race, from)) return;
      continue;
    }
    const std::uint32_t head = loud[reversal.head];
    const bool needed = head == race.second ? reversal.tid != kNone : past_[head] != 0;
    if (!needed) return;
  }
  for (std::uint32_t place = from + 1; place < loud.size(); ++place) {
    if (past_[loud[place]] != 0) attempt.before_head.push_back(place);
  }
  attempt.head.tid = tid;
  const auto head = from + static_cast<std::uint32_t>(attempt.before_head.size());
  attempt.reversal = {from, head, tid, delayed.tid, delayed.footprint, touched};
  add(std::move(attempt));
}

/// Whether what a race's second step needs, and it, may be made under a reversal from before.
bool Parsimonious::may_head(const Reversal& upper, const Race& race, std::uint32_t place) const {
  if (upper.tid == kNone) return true;
  const auto loud = trace_.loud();
  const auto is_there = [&](std::uint32_t i) { return i < place || past_[loud[i]] != 0; };
  const auto is_against = [&](const TraceStep& step) {
    return step.tid < upper.tid && step.tid != upper.delayed_tid &&
           step.footprint.depends_on(upper.delayed);
  };
  bool against = false, follows_head = false, uncertain = false;
  for (std::uint32_t i = upper.from; i < loud.size(); ++i) {
    if (i == place || !is_there(i)) continue;
    const bool after = follows(upper, loud[i]);
    against = against || (i > place && is_against(trace_.step(loud[i])) && !after);
    follows_head = follows_head || (past_[loud[i]] != 0 && counts(upper, loud[i]));
    uncertain = uncertain || ((after || counts(upper, loud[i])) && may_be_met(loud[i]));
  }
  // Of what it touches only what its operation tells is certain.
  if (race.second != kNone && !may_fail(trace_.step(race.second).kind)) {
    against = against || (is_against(trace_.step(race.second)) && !follows_head);
  }
  return !against || uncertain;
}

/// Whether steps may turn out to depend on this one for more than their operations tell: what they
/// announce, or whom they let go on.
bool Parsimonious::may_be_met(std::uint32_t step) const {
  const Footprint& footprint = trace_.step(step).footprint;
  return footprint.meets_announcements() || footprint.touches(kVirtualTime);
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
        levels_.back().attempts.push_back(std::move(attempt));
      }
    }
  }
}

/// A race of a writer with several readers may have each of them as its first: it is one.
void Parsimonious::add(Attempt attempt) {
  auto& attempts = levels_.back().attempts;
  const auto same = [&](const Attempt& other) {
    return other.reversal.from == attempt.reversal.from && other.head.tid == attempt.head.tid &&
           other.before_head == attempt.before_head;
  };
  if (std::none_of(attempts.begin(), attempts.end(), same)) attempts.push_back(std::move(attempt));
}

double Parsimonious::behind() const {
  double behind = 0, here = 1;
  for (const Level& level : levels_) {
    here /= static_cast<double>(level.all + 1);  // its own run is one
    behind += here * static_cast<double>(level.all - level.attempts.size());
  }
  return behind;
}

}  // namespace chicane::strategies
