// SPDX-License-Identifier: Apache-2.0
#include "strategies/dpor.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "strategies/parts.h"
#include "strategies/strategies.h"

namespace chicane::strategies {

using engine::ThreadChoice;

Dpor::Dpor(unsigned shard, unsigned shards)
    : shard_(shard), shards_(shards), divided_(shards < 2) {}

Dpor::Node& Dpor::node(std::uint32_t depth) {
  if (depth >= nodes_.size()) nodes_.resize(depth + 1);
  return nodes_[depth];
}

void Dpor::remember(std::size_t steps) {
  most_remembered_ = steps;
  if (steps != 0 || runs_ != 0) return;
  frugal_ = true;
  may_change_ = false;
  clear_tree();
}

void Dpor::use_racy_sites(std::size_t count) {
  if (count == racy_sites_) return;
  racy_sites_ = count;
  if (runs_ != 0 || in_run_) restart();
}

// Other accesses are operations now: nothing of the tree is about the program's runs any more.
void Dpor::restart() {
  frugal_ = most_remembered_ == 0;
  may_change_ = !frugal_;
  gates_.clear();
  divided_ = shards_ < 2;
  search_again();
}

// What divides the search stays: other shards may have seen no reason to begin again.
void Dpor::search_again() {
  in_run_ = recording_ = false;
  clear_tree();
  part_ = 0;
  exhausted_ = announcing_ = cut_ = outcomes_differ_ = false;
  runs_ = executions_ = blocked_ = 0;
  std::fill(std::begin(estimates_), std::end(estimates_), 0.0);
  if (divided_ && shards_ > 1) begin_part(0);
}

void Dpor::search_frugally() {
  frugal_ = true;
  search_again();
}

void Dpor::clear_tree() {
  trace_.truncate(0);
  for (Node& node : nodes_) {
    tree_.free_list(node.first);
    tree_.free_list(node.children);
    node = {};
  }
  races_.clear();
  known_.clear();
  in_case_ = true;
  learned_ = false;
  keep_ = valid_ = 0;
  forced_ = kNone;
  outcomes_.clear();
  attempts_.clear();
  if (!frugal_) return;
  attempts_.begin();
  attempts_.next(&keep_);
}

/// To the next part of this shard, from `part` on.
void Dpor::begin_part(std::uint64_t part) {
  const bool in_case = in_case_;  // one that was not cut off tells of all
  clear_tree();
  in_case_ = in_case;
  part_ = part;
  exhausted_ = !gates_.next(shard_, shards_, &part_);
  gates_.set(part_);
}

bool Dpor::begin_run(std::uint64_t) {
  if (in_run_) {
    // The process died in the run before; that others have been beyond that point is a difference.
    if (recording_) trace_.end_dead_run();
    incomplete_ = incomplete_ || !(recording_ || over_);
    finish_run(!over_);
  }
  if (exhausted_) return false;
  in_run_ = true;
  recording_ = blocked_run_ = stopped_ = over_ = false;
  spins_.begin_run();
  position_ = 0;
  outcome_ = 0;
  trace_.begin_run(spins_.needs_writes());
  return true;
}

// ---- the run ----

unsigned Dpor::pick_new(const ThreadChoice& choice) {
  if (blocked_run_) return give_up(choice);
  const bool eager = eager_ && forced_ == kNone;
  const int silent = eager                 ? trace_.go_on_silently(choice)
                     : trace_.look(choice) ? Trace::kNobody
                                           : Trace::kForeign;
  if (silent == Trace::kForeign) {
    incomplete_ = true;
    return give_up(choice);
  }
  recording_ = true;
  if (silent >= 0) {
    outcomes_.clear();
    ++position_;
    return static_cast<unsigned>(silent);
  }
  const unsigned pick = pick_loud(choice);
  if (blocked_run_) return pick;
  ++position_;
  trace_.begin_step(choice, pick);
  if (shards_ > 1) gates_.mark(&trace_);
  return pick;
}

/// None is silent.
unsigned Dpor::pick_loud(const ThreadChoice& choice) {
  const int judged = spins_.judge(trace_, choice);
  if (judged >= 0) return static_cast<unsigned>(judged);
  over_ = judged == Spins::kJudged;
  if (over_) return give_up(choice);
  if (is_frugal()) return choose_frugally(choice);
  const std::uint32_t depth = trace_.size();
  if (depth >= valid_) enter(depth);
  return choose(choice, node(depth));
}

/// The program differs under the same choices.
unsigned Dpor::differ(const ThreadChoice& choice) {
  incomplete_ = true;
  position_ = keep_;
  return give_up(choice);
}

unsigned Dpor::give_up(const ThreadChoice& choice) {
  blocked_run_ = true;
  recording_ = false;
  if (over_) return Spins::pick_in_rest(choice);
  return choice.current_index >= 0 ? static_cast<unsigned>(choice.current_index) : 0;
}

/// A step that no run has been at since the last one that had another step before it.
void Dpor::enter(std::uint32_t depth) {
  Node& at = node(depth);
  valid_ = depth + 1;
  at.sleep.clear();
  at.done = 0;
  at.branch.clear();
  at.first = at.children = kNone;
  const auto loud = trace_.loud();
  if (loud.empty()) return;
  Node& before = nodes_[loud.back()];
  const TraceStep& step = trace_.step(loud.back());
  for (const Sleeper& sleeper : before.sleep) {
    if (!sleeper.footprint.depends_on(step.footprint)) at.sleep.push_back(sleeper);
  }
  at.first = std::exchange(before.children, kNone);
}

/// After the first run: what was silent in it is a step like others.
void Dpor::heed_all() {
  eager_ = false;
  for (std::uint32_t depth = 0; depth < trace_.size(); ++depth) {
    if (trace_.step(depth).silent) node(depth) = {};
  }
  trace_.heed_silent();
  valid_ = std::max(valid_, trace_.size());
}

bool Dpor::sleeps(const Node& node, Tid tid) {
  return std::any_of(node.sleep.begin(), node.sleep.end(),
                     [tid](const Sleeper& sleeper) { return sleeper.tid == tid; });
}

int Dpor::index_of(const ThreadChoice& choice, const Trace& trace, Tid tid) {
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    if (trace.tid_of(choice.enabled[i]->id()) == tid) return static_cast<int>(i);
  }
  return -1;
}

unsigned Dpor::choose(const ThreadChoice& choice, Node& node) {
  if (forced_ != kNone) {
    const int pick = index_of(choice, trace_, std::exchange(forced_, kNone));
    if (pick >= 0) return static_cast<unsigned>(pick);
    incomplete_ = true;
    return give_up(choice);
  }
  node.branch.clear();
  outcomes_.clear();
  while (node.first != kNone) {
    const WakeupStep& step = tree_.step(node.first);
    int pick = sleeps(node, step.tid) ? -1 : index_of(choice, trace_, step.tid);
    if (pick >= 0 && !may_go(*choice.enabled[static_cast<unsigned>(pick)])) pick = -1;
    if (pick < 0) {
      tree_.free_list(tree_.take_first(&node.first));
      continue;
    }
    for (const std::uint32_t outcome : step.outcomes) outcomes_.push_back({outcome, 0, 0});
    node.children = tree_.take_first(&node.first);
    return static_cast<unsigned>(pick);
  }
  bool anybody = false;
  const auto is_free = [&](const engine::Thread& thread) {
    if (!may_go(thread)) return false;
    anybody = true;
    return !sleeps(node, trace_.tid_of(thread.id()));
  };
  if (choice.current_index >= 0) {
    const auto current = static_cast<unsigned>(choice.current_index);
    if (is_free(*choice.enabled[current])) return current;
  }
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    if (is_free(*choice.enabled[i])) return i;
  }
  stopped_ = !anybody;
  over_ = stopped_ && spins_.holds_all(trace_, choice);
  // Who waits may have raced with what was done, though others sleep.
  if (stopped_) trace_.end_run(engine::Engine::instance());
  return give_up(choice);
}

unsigned Dpor::choose_frugally(const ThreadChoice& choice) {
  const int pick = attempts_.choose(choice, &outcomes_);
  if (pick >= 0) return static_cast<unsigned>(pick);
  stopped_ = pick == Parsimonious::kStopped;
  over_ = stopped_ && spins_.holds_all(trace_, choice);
  if (stopped_) trace_.end_run(engine::Engine::instance());
  return give_up(choice);
}

bool Dpor::may_go(const engine::Thread& thread) const {
  return !is_held(trace_.tid_of(thread.id()));
}

unsigned Dpor::pick_outcome(const engine::Operation&, unsigned count) {
  if (position_ == 0 || blocked_run_) return 0;
  if (!recording_) {
    const auto known = trace_.outcomes_of(position_ - 1);
    return outcome_ < known.size() ? known[outcome_++].chosen() : 0;
  }
  // The first ones are given: by the wakeup sequence, or as those not yet tried.
  const bool given = outcome_ < outcomes_.size();
  const std::uint32_t first = spins_.is_judging() ? count - 1 : 0;
  StepOutcome outcome = given ? outcomes_[outcome_] : StepOutcome{first, 0, count};
  ++outcome_;
  outcome.base %= count;
  outcome.count = count;
  trace_.add_outcome(outcome);
  return outcome.chosen();
}

void Dpor::end_run(std::uint64_t steps) {
  // More steps than were asked for: the engine has gone on by itself, to the step limit.
  const bool over = !over_ && steps > last_step_ + 1;
  if (over) incomplete_ = true;
  if (recording_) trace_.end_run(engine::Engine::instance());
  incomplete_ = incomplete_ || !(recording_ || blocked_run_);
  const engine::RunEnd end = engine::Engine::instance().last_end();
  incomplete_ = incomplete_ || engine::Engine::instance().left_out_accesses();
  const bool left_some = end == engine::RunEnd::kFinished && !trace_.waiting().empty();
  finish_run(!over && !over_ && (end == engine::RunEnd::kFatal || left_some));
}

// ---- between runs ----

void Dpor::finish_run(bool cut) {
  in_run_ = false;
  if (spins_.end_run()) return search_again();
  if (eager_ && !trace_.was_silent()) {
    heed_all();
    if (runs_ != 0) return search_again();
  }
  bool whole = (!blocked_run_ || over_) && position_ >= keep_;
  if (is_frugal()) {
    whole = attempts_.finish(whole || stopped_, cut && whole) && whole;
  } else {
    learn(cut && whole);
  }
  if (divided_ && !whole && !stopped_ && may_change_) {
    // Where runs are given up in the other way, too, this one is the one that surely misses none.
    if (!frugal_) return search_frugally();
    may_change_ = frugal_ = false;
    return search_again();
  }
  // What was given up without memory may have led to what nothing else leads to.
  incomplete_ = incomplete_ || (is_frugal() && !whole && !stopped_);
  const bool counted = whole && divided_ && gates_.belongs(trace_);
  ++runs_;
  executions_ += counted ? 1 : 0;
  blocked_ += whole ? 0 : 1;
  if (!is_frugal() && (whole || stopped_)) reverse_races(cut && whole);
  recording_ = false;
  if (divided_) {
    if (!frugal_ && tree_.in_use() >= most_remembered_) {
      may_change_ = false;
      return search_frugally();
    }
    frugal_ ? go_on_frugally() : backtrack();
    if (!frugal_ && outcomes_differ_ && may_change_) return search_frugally();
    if (exhausted_ && shards_ > 1) begin_part(part_ + 1);
  } else {
    trace_.settle();
    gates_.choose(trace_, races_, shards_);
    divided_ = true;
    begin_part(0);
  }
  if (std::has_single_bit(executions_)) note_estimate();
}

void Dpor::describe(engine::StrategyReport* report) const {
  if (!exhausted_ || incomplete_ || !spins_.any()) return;
  report_proof(shards_ > 1, report);
  spins_.add_exception(report);
}

/// Where what a step does elsewhere is not known from its operation alone, all steps are learned.
void Dpor::learn(bool cut) {
  cut_ = cut_ || cut;
  for (std::uint32_t i = keep_; !eager_ && i < trace_.size() && !announcing_; ++i) {
    announcing_ = trace_.step(i).footprint.meets_announcements();
  }
  // A run may be cut off only later: some are learned in case one is.
  constexpr std::size_t kInCase = 1024;
  if (!asks() && known_.size() > kInCase) {
    known_.clear();
    in_case_ = false;
  }
  if (asks() || in_case_) known_.learn(trace_, learned_ ? keep_ : 0);
  learned_ = asks() || in_case_;
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
  for (const Sleeper& sleeper : root.sleep) {
    if (finder_.ends_against(sleeper.tid, sleeper.footprint)) continue;
    const std::uint32_t place = place_as_first(sleeper.tid, sleeper.footprint, sequence);
    if (place == kNotFirst) continue;
    // It was covered from there; whether by the race itself or by what came along matters when
    // another run has the same race.
    of->undecided = race.second != kNone && place >= finder_.own_steps(race);
    return;
  }
  using Manner = WakeupTree::Manner;
  tree_.insert(&root.first, sequence, asks() ? Manner::kJoining : Manner::kWhole);
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
  forced_ = kNone;
  exhausted_ = true;
  keep_ = 0;
  const auto loud = trace_.loud();
  for (std::size_t i = loud.size(); i-- > 0 && exhausted_;) {
    const std::uint32_t depth = loud[i];
    const TraceStep& step = trace_.step(depth);
    Node& at = nodes_[depth];
    if (at.children != kNone) tree_.free_list(std::exchange(at.children, kNone));
    const bool other_outcome = next_outcome(depth);
    if (!other_outcome && at.first == kNone) continue;  // nothing is left there
    note_branch(step, &at);
    if (!other_outcome) {
      ++at.done;
      at.sleep.push_back({step.tid, at.branch});
      drop_known(at);
      if (at.first == kNone) continue;
    }
    exhausted_ = false;
    keep_ = depth;
  }
  valid_ = keep_ + 1;
  trace_.truncate(keep_);
  std::erase_if(races_,
                [this](const Race& race) { return !race.undecided || race.second >= keep_; });
}

/// Where an outcome of a step touches what another does not, the step that may have either is too
/// little to tell what is covered.
void Dpor::note_branch(const TraceStep& step, Node* at) {
  const bool first = at->branch.size() == 0;
  const unsigned before = at->branch.size();
  at->branch.add_all(step.footprint);
  const unsigned all = at->branch.size();
  outcomes_differ_ =
      outcomes_differ_ || (!first && (all != before || all != step.footprint.size()));
}

/// What was new when it was found, because one of its steps was, may be covered since.
void Dpor::drop_known(Node& at) {
  while (asks() && at.first != kNone) {
    path_.clear();
    for (std::uint32_t node = at.first; node != kNone; node = tree_.child(node)) {
      const WakeupStep& step = tree_.step(node);
      const Footprint* known = step.key != 0 ? known_.find(step.key) : nullptr;
      // Virtual time is touched by who waits there, too, and not by the step's past alone.
      const bool delays = step.footprint.touches(kVirtualTime);
      if (known == nullptr || (delays && !known->touches(kVirtualTime))) known = &step.footprint;
      path_.push_back({step.tid, known, {}, 0});
    }
    const auto covers = [&](const Sleeper& sleeper) {
      return place_as_first(sleeper.tid, sleeper.footprint, path_) != kNotFirst;
    };
    if (std::none_of(at.sleep.begin(), at.sleep.end(), covers)) return;
    tree_.drop_first(&at.first);
  }
}

bool Dpor::next_outcome(std::uint32_t depth) {
  const auto outcomes = trace_.outcomes_of(depth);
  std::size_t last = outcomes.size();
  if (last == 0) return false;
  while (last > 0 && outcomes[last - 1].tried + 1 == outcomes[last - 1].count) --last;
  if (last == 0) return false;
  outcomes_.assign(outcomes.begin(), outcomes.begin() + static_cast<std::ptrdiff_t>(last));
  ++outcomes_.back().tried;
  forced_ = trace_.step(depth).tid;
  return true;
}

bool Dpor::owns(const Trace& trace, std::span<const unsigned>) {
  return shards_ < 2 ||
         Gates::owner(gates_.renumbered(trace_, trace).part_of(trace), shards_) == shard_;
}

std::unique_ptr<Search> make_dpor(unsigned shard, unsigned shards) {
  return std::make_unique<Dpor>(shard, shards);
}

}  // namespace chicane::strategies
