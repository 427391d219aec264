// SPDX-License-Identifier: Apache-2.0
#include "strategies/parsimonious.h"

#include <algorithm>
#include <utility>

namespace chicane::strategies {

using engine::ThreadChoice;

void Parsimonious::clear() {
  levels_.clear();
  again_ = learns_ = false;
  learned_ = looked_ = 0;
  doubtful_ = 0;
}

void Parsimonious::begin() {
  clear();
  now_ = {};
  again_ = true;
}

bool Parsimonious::next(std::uint32_t* keep) {
  if (!std::exchange(again_, false) && !take_next()) return false;
  // The last decision is what is new.
  const auto loud = trace_.loud();
  std::uint32_t same = 0;
  while (same + 1 < now_.decisions.size() && same < loud.size() &&
         is_same(now_.decisions[same], loud[same])) {
    ++same;
  }
  *keep = same < loud.size() ? loud[same] : trace_.size();
  checked_ = 0;
  learned_ = std::min(learned_, *keep);
  looked_ = std::min(looked_, *keep);
  elsewhere_ = false;
  return true;
}

bool Parsimonious::take_next() {
  for (; !levels_.empty(); levels_.pop_back()) {
    Level& level = levels_.back();
    if (!level.attempts.empty()) {
      now_ = run_of(level, level.attempts.back());
      level.attempts.pop_back();
      return true;
    }
    // Of what is doubtful something may be known by now; else it waits for what else there is.
    while (!level.doubtful.empty()) {
      Doubtful doubtful = std::move(level.doubtful.back());
      level.doubtful.pop_back();
      --doubtful_;
      const Footprint* known = known_.find_constant(doubtful.key);
      if (known != nullptr && !doubtful.conditions.are_met(*known, with_time(*known))) continue;
      if (known == nullptr && levels_.size() > 1) {
        levels_[levels_.size() - 2].doubtful.push_back(std::move(doubtful));
        ++doubtful_;
        continue;
      }
      now_ = std::move(doubtful.run);
      return true;
    }
  }
  return false;
}

bool Parsimonious::is_same(const Decision& decision, std::uint32_t step) const {
  const auto outcomes = trace_.outcomes_of(step);
  return trace_.step(step).tid == decision.tid &&
         std::equal(outcomes.begin(), outcomes.end(), decision.outcomes.begin(),
                    decision.outcomes.end(), [](const StepOutcome& chosen, std::uint32_t outcome) {
                      return chosen.chosen == outcome;
                    });
}

Parsimonious::Decision Parsimonious::decision_at(std::uint32_t place) const {
  const std::uint32_t step = trace_.loud()[place];
  Decision decision{trace_.step(step).tid, {}};
  for (const StepOutcome& outcome : trace_.outcomes_of(step)) {
    decision.outcomes.push_back(outcome.chosen);
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
    for (const std::uint32_t outcome : decision.outcomes) outcomes->push_back({outcome, 0});
    return index_of([&](const engine::Thread& thread) {
      return trace_.tid_of(thread.id()) == decision.tid && !is_held(decision.tid);
    });
  }
  return choose_freely(choice);
}

/// Who goes on where no decision is left: of those whose step most surely belongs here, whoever was
/// delayed last, so that what others do comes after that; else whoever has just gone on.
int Parsimonious::choose_freely(const ThreadChoice& choice) {
  learn();
  for (std::size_t i = now_.reversals.size(); i-- > 0;) {
    const Reversal& reversal = now_.reversals[i];
    const Tid tid = reversal.delayed_tid;
    if (reversal.tid == kNone || trace_.steps_of(tid) >= reversal.delayed_number) continue;
    for (unsigned k = 0; k < choice.enabled.size(); ++k) {
      const engine::Thread& thread = *choice.enabled[k];
      if (trace_.tid_of(thread.id()) != tid || !may_go(thread)) continue;
      if (believe(thread) == Belief::kYes) return static_cast<int>(k);
    }
  }
  if (choice.current_index >= 0) {
    const engine::Thread& current = *choice.enabled[static_cast<unsigned>(choice.current_index)];
    if (may_go(current) && believe(current) == Belief::kYes) return choice.current_index;
  }
  bool anybody = false;
  int best = kGivenUp;
  Belief least = Belief::kNo;
  for (unsigned i = 0; i < choice.enabled.size() && least != Belief::kYes; ++i) {
    const engine::Thread& thread = *choice.enabled[i];
    anybody = anybody || !is_held(trace_.tid_of(thread.id()));
    if (!may_go(thread)) continue;
    const Belief belief = believe(thread);
    if (belief >= least) continue;
    least = belief;
    best = static_cast<int>(i);
  }
  return best == kGivenUp && !anybody ? kStopped : best;
}

bool Parsimonious::may_go(const engine::Thread& thread) const {
  const Tid tid = trace_.tid_of(thread.id());
  if (is_held(tid)) return false;
  return trace_.loud().size() != now_.decisions.size() ||
         std::find(now_.avoided.begin(), now_.avoided.end(), tid) == now_.avoided.end();
}

/// From when steps announce something, which their operations do not tell, or try something.
void Parsimonious::learn() {
  for (; !learns_ && looked_ < trace_.size(); ++looked_) {
    const TraceStep& step = trace_.step(looked_);
    learns_ = step.footprint.meets_announcements() || (may_fail(step.kind) && !step.lock);
  }
  if (!learns_) return;
  constexpr std::size_t kMost = std::size_t{1} << 18;
  if (known_.size() >= kMost) {
    known_.clear();
    learned_ = 0;
  }
  known_.learn(trace_, learned_);
  learned_ = trace_.size();
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
    if (step.tid == reversal.delayed_tid && reversal.several && is_as_before(reversal, place))
      return false;
    const bool depends = step.footprint.depends_on(reversal.delayed);
    if (place < reversal.head) return !depends;  // else it were the head
    if (place == reversal.head) return depends && needs_all(reversal);
    return !depends || step.tid >= reversal.tid || step.tid == reversal.delayed_tid ||
           follows(reversal, i);
  });
}

/// The same of a step that is not made yet: as it was where it came after the same, or as far as
/// its operation tells.
Parsimonious::Belief Parsimonious::believe(const engine::Thread& thread) const {
  const Tid tid = trace_.tid_of(thread.id());
  Belief belief = Belief::kYes;
  Footprint own;
  const Footprint* known = nullptr;
  for (const Reversal& reversal : now_.reversals) {
    if (reversal.tid == kNone) continue;
    if (tid != reversal.delayed_tid && (tid >= reversal.tid || goes_on_after(reversal, tid)))
      continue;
    if (own.size() == 0) {
      add_operation(trace_.names(), thread.pending(), thread.by_timeout(), &own);
      if (learns_) known = known_.find(key_of_next(thread, own));
    }
    belief = std::max(belief, believe(reversal, tid, own, known));
  }
  return belief;
}

/// Whether whatever `tid` does next comes after a step that counts, as its last one does.
bool Parsimonious::goes_on_after(const Reversal& reversal, Tid tid) const {
  const std::uint32_t last = trace_.last_step(tid);
  if (last == kNone || trace_.loud().size() <= reversal.from) return false;
  const std::uint32_t from = trace_.loud()[reversal.from];
  return last >= from && (counts(reversal, last) || follows(reversal, last));
}

Parsimonious::Belief Parsimonious::believe(const Reversal& reversal, Tid tid, const Footprint& own,
                                           const Footprint* known) const {
  const Footprint& footprint = known != nullptr ? *known : own;
  const auto loud = trace_.loud();
  const auto since = loud.subspan(std::min<std::size_t>(reversal.from, loud.size()));
  const auto is_before = [&](std::uint32_t step, const Footprint& of) {
    return trace_.step(step).tid == tid || trace_.step(step).footprint.depends_on(of);
  };
  if (tid == reversal.delayed_tid) {
    if (!reversal.several) return Belief::kYes;
    const bool differs = std::any_of(
        since.begin(), since.end(), [&](std::uint32_t step) { return is_before(step, footprint); });
    return differs ? Belief::kYes : known != nullptr ? Belief::kHardly : Belief::kPerhaps;
  }
  const auto is_relevant = [&](std::uint32_t step) {
    return counts(reversal, step) || follows(reversal, step);
  };
  if (known == nullptr ? !own.depends_on(reversal.delayed) : !known->depends_on(reversal.delayed)) {
    return known != nullptr || !may_be_met(reversal.delayed) ? Belief::kYes : Belief::kPerhaps;
  }
  Belief belief = Belief::kNo;
  for (const std::uint32_t step : since) {
    const bool before = is_before(step, own);
    if (!before && !is_before(step, footprint) && !may_be_met(trace_.step(step).footprint))
      continue;
    if (!is_relevant(step)) continue;
    if (before) return Belief::kYes;
    belief = std::min(belief, is_before(step, footprint) ? Belief::kPerhaps : Belief::kHardly);
  }
  if (belief == Belief::kNo && !own.depends_on(reversal.delayed)) return Belief::kHardly;
  return belief;
}

/// Of the step that a thread makes next.
std::uint64_t Parsimonious::key_of_next(const engine::Thread& thread, const Footprint& own) const {
  const Tid tid = trace_.tid_of(thread.id());
  const std::uint32_t last = trace_.last_step(tid);
  return known_.key_of(
      trace_, tid, trace_.steps_of(tid) + 1, last != kNone ? last : trace_.creator_of(tid),
      thread.pending().kind, own, own.size(),
      [&](const Access& access, unsigned) { return trace_.last_entry(access.object); },
      [](std::uint32_t) { return true; });
}

}  // namespace chicane::strategies
