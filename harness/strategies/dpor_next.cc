// SPDX-License-Identifier: Apache-2.0
//
// What a run leads to, of a search that remembers what is to be tried.
#include <algorithm>
#include <utility>

#include "strategies/dpor.h"

namespace chicane::strategies {

/// Where what a step does elsewhere is not known from its operation alone, all steps are learned.
/// False where the search has to begin anew for that.
bool Dpor::learn(bool cut) {
  cut_ = cut_ || cut;
  for (std::uint32_t i = keep_; i < trace_.size() && !announcing_; ++i) {
    announcing_ = (!eager_ && trace_.step(i).footprint.meets_announcements()) ||
                  !trace_.outcomes_of(i).empty();
  }
  // That somebody asks may be known only later: some are learned in case it is.
  constexpr std::size_t kInCase = 1024;
  if (!asks() && known_.size() > kInCase) {
    known_.clear();
    learns_ = false;
  }
  if (learns_) known_.learn(trace_, keep_);
  late_ = late_ || (asks() && !learns_);
  return learns_ || !asks();
}

void Dpor::reverse_races(bool cut) {
  // Those of the steps in common that the sleep sets and what this run did besides may decide now.
  for (Race& race : races_) race.undecided = false;
  // What a reversed step's thread will announce, and what of this run that meets, is not known: all
  // races are looked at again, beside what this run did besides.
  if (announcing_) races_.clear();
  const auto loud = trace_.loud();
  const std::uint32_t from = announcing_ ? 0 : keep_;
  for (auto at = std::lower_bound(loud.begin(), loud.end(), from); at != loud.end(); ++at) {
    finder_.find(*at, &races_);
  }
  for (std::uint32_t i = 0; i < trace_.waiting().size(); ++i) {
    if (!is_held(trace_.waiting()[i].tid)) finder_.find_waiting(i, &races_);
  }
  finder_.begin_run(asks());
  for (Race& race : races_) reverse(&race);
  if (announcing_) {
    for (const std::uint32_t step : loud) try_other_outcomes(step);
  }
  if (!cut || trace_.size() == 0) return;
  const std::uint32_t last = trace_.size() - 1;
  for (const Waiting& waiting : trace_.waiting()) {
    if (!trace_.is_enabled(last, waiting.tid) || sleeps(nodes_[last], waiting.tid)) continue;
    if (spins_.holds(trace_, waiting.tid)) continue;
    const SequenceStep next{waiting.tid, &waiting.footprint, {}};
    tree_.insert(&nodes_[last].first, {&next, 1});
  }
}

void Dpor::reverse(Race* of) {
  const Race& race = *of;
  Node& root = nodes_[race.root()];
  const auto sequence = finder_.reversal(race);
  std::size_t place = 0;
  if (is_covered(root, sequence, &place)) {
    // Whether by the race itself or by what came along matters when another run has the same race.
    of->undecided = race.second != kNone && place >= finder_.own_steps(race);
    return;
  }
  using Manner = WakeupTree::Manner;
  tree_.insert(&root.first, sequence, asks() ? Manner::kJoining : Manner::kWhole);
}

/// Each outcome that the step might have had as well: of all that is as it is, whatever it had.
void Dpor::try_other_outcomes(std::uint32_t step) {
  const auto outcomes = trace_.outcomes_of(step);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    for (std::uint32_t other = 0; other < outcomes[i].count; ++other) {
      if (other == outcomes[i].chosen) continue;
      others_.assign(outcomes.begin(), outcomes.begin() + static_cast<std::ptrdiff_t>(i));
      others_.push_back({other, outcomes[i].count});
      const auto sequence = finder_.otherwise(step, others_);
      std::size_t place = 0;
      Node& root = nodes_[step];
      if (is_covered(root, sequence, &place)) continue;
      tree_.insert(&root.first, sequence, WakeupTree::Manner::kJoining);
    }
  }
}

/// Whether what sleeps there covers a sequence that was found last; `*place`: from its step of that
/// number on.
bool Dpor::is_covered(const Node& at, std::span<const SequenceStep> sequence,
                      std::size_t* place) const {
  for (const Sleeper& sleeper : at.sleep) {
    if (finder_.ends_against(sleeper.tid, sleeper.footprint)) continue;
    *place = place_as_first(sleeper.tid, sleeper.outcomes, sleeper.footprint, sequence);
    if (*place == kNotFirst) continue;
    if (*place + 1 < sequence.size() || !finder_.ends_in_new()) return true;
  }
  return false;
}

void Dpor::go_on_frugally() {
  keep_ = 0;
  exhausted_ = !attempts_.next(&keep_);
  trace_.truncate(keep_);
}

/// To the last step that still has something to try.
void Dpor::backtrack() {
  for (std::uint32_t depth = trace_.size(); depth < valid_; ++depth) {
    Node& at = nodes_[depth];
    if (at.first != kNone) tree_.free_list(std::exchange(at.first, kNone));
    if (at.children != kNone) tree_.free_list(std::exchange(at.children, kNone));
  }
  exhausted_ = true;
  keep_ = 0;
  const auto loud = trace_.loud();
  for (std::size_t i = loud.size(); i-- > 0 && exhausted_;) {
    const std::uint32_t depth = loud[i];
    const TraceStep& step = trace_.step(depth);
    Node& at = nodes_[depth];
    if (at.children != kNone) tree_.free_list(std::exchange(at.children, kNone));
    if (at.first == kNone) continue;  // nothing is left there
    ++at.done;
    at.sleep.push_back(sleeper(step, trace_.outcomes_of(depth)));
    drop_known(at);
    if (at.first == kNone) continue;
    exhausted_ = false;
    keep_ = depth;
  }
  valid_ = keep_ + 1;
  trace_.truncate(keep_);
  std::erase_if(races_,
                [this](const Race& race) { return !race.undecided || race.second >= keep_; });
}

Dpor::Sleeper Dpor::sleeper(const TraceStep& step, std::span<const StepOutcome> outcomes) {
  double share = 1;
  for (const StepOutcome& outcome : outcomes) share /= outcome.count;
  return {step.tid, step.footprint, outcomes_key(outcomes), share};
}

/// What was new when it was found, because one of its steps was, may be covered since.
void Dpor::drop_known(Node& at) {
  while (asks() && at.first != kNone) {
    const std::uint32_t end = note_path(at);
    const WakeupStep& step = tree_.step(end);
    others_.assign(step.outcomes.begin(), step.outcomes.end());
    if (!is_known_to_be_covered(at, step.key)) {
      if (others_.size() != step.outcomes.size()) tree_.give_outcomes(end, others_, path_key_);
      return;
    }
    tree_.drop_first(&at.first);
  }
}

/// To `path_`: the first sequence of the tree, as far as is known; its last node.
std::uint32_t Dpor::note_path(const Node& at) {
  path_.clear();
  std::uint32_t end = at.first;
  for (std::uint32_t node = at.first; node != kNone; node = tree_.child(node)) {
    const WakeupStep& step = tree_.step(node);
    const Footprint* known = step.key != 0 ? known_.find(step.key) : nullptr;
    is_new_ = step.key != 0 && known == nullptr;
    if (known == nullptr || step.delays) known = &step.footprint;
    path_.push_back({step.tid, known, step.outcomes, step.key, step.delays});
    end = node;
  }
  return end;
}

/// Whether what sleeps there covers `path_`, whatever the outcomes of its end, which has that key,
/// and `others_` in any case. If not, these are some with which it is not covered.
bool Dpor::is_known_to_be_covered(const Node& at, std::uint64_t key) {
  const auto covers = [&](const Sleeper& sleeper) {
    const std::uint32_t place =
        place_as_first(sleeper.tid, sleeper.outcomes, sleeper.footprint, path_);
    return place != kNotFirst && (!is_new_ || place + 1 < path_.size());
  };
  path_.back().outcomes = others_;
  if (std::any_of(at.sleep.begin(), at.sleep.end(), covers)) return true;
  path_key_ = key;
  const bool asks = key != 0 && !path_.back().delays;
  const std::uint32_t count = asks ? known_.outcomes_after(key) : 0;
  if (count == 0) return false;
  const std::size_t given = others_.size();
  for (std::uint32_t outcome = 0; outcome < count; ++outcome) {
    others_.resize(given);
    others_.push_back({outcome, count});
    const std::uint64_t its = KnownSteps::with_outcome(key, outcome);
    const Footprint* known = known_.find(its);
    is_new_ = known == nullptr;
    if (!is_new_) path_.back().footprint = known;
    if (!is_known_to_be_covered(at, its)) return false;
  }
  return true;
}

}  // namespace chicane::strategies
