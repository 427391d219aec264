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
  late_ = false;
  gates_.clear();
  divided_ = shards_ < 2;
  search_again();
}

// What divides the search stays: other shards may have seen no reason to begin again.
void Dpor::search_again() {
  in_run_ = recording_ = false;
  clear_tree();
  part_ = 0;
  exhausted_ = announcing_ = cut_ = false;
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
  learns_ = true;
  keep_ = valid_ = 0;
  outcomes_.clear();
  attempts_.clear();
  if (!frugal_) return;
  attempts_.begin();
  attempts_.next(&keep_);
}

/// To the next part of this shard, from `part` on.
void Dpor::begin_part(std::uint64_t part) {
  const bool learns = learns_;  // one that was not cut off tells of all
  clear_tree();
  learns_ = learns;
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
  const int silent = eager_                ? trace_.go_on_silently(choice)
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
  at.first = at.children = kNone;
  const auto loud = trace_.loud();
  if (loud.empty()) return;
  Node& before = nodes_[loud.back()];
  const TraceStep& step = trace_.step(loud.back());
  for (const Sleeper& sleeper : before.sleep) {
    if (sleeper.tid != step.tid && !sleeper.footprint.depends_on(step.footprint)) {
      at.sleep.push_back(sleeper);
    }
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

/// Whether it does so with all of its outcomes.
bool Dpor::sleeps(const Node& node, Tid tid) {
  constexpr double kAll = 1 - 1e-9;
  double asleep = 0;
  for (const Sleeper& sleeper : node.sleep) {
    if (sleeper.tid == tid) asleep += sleeper.share;
  }
  return asleep > kAll;
}

int Dpor::index_of(const ThreadChoice& choice, const Trace& trace, Tid tid) {
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    if (trace.tid_of(choice.enabled[i]->id()) == tid) return static_cast<int>(i);
  }
  return -1;
}

unsigned Dpor::choose(const ThreadChoice& choice, Node& node) {
  outcomes_.clear();
  while (node.first != kNone) {
    const WakeupStep& step = tree_.step(node.first);
    int pick = sleeps(node, step.tid) ? -1 : index_of(choice, trace_, step.tid);
    if (pick >= 0 && !may_go(*choice.enabled[static_cast<unsigned>(pick)])) pick = -1;
    if (pick < 0) {
      tree_.free_list(tree_.take_first(&node.first));
      continue;
    }
    outcomes_.assign(step.outcomes.begin(), step.outcomes.end());
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
    return outcome_ < known.size() ? known[outcome_++].chosen : 0;
  }
  // The first ones are given.
  const bool given = outcome_ < outcomes_.size();
  const std::uint32_t chosen = given ? outcomes_[outcome_].chosen % count : waking_outcome(count);
  ++outcome_;
  trace_.add_outcome({chosen, count});
  return chosen;
}

/// The first outcome of the running step with which it does not sleep.
std::uint32_t Dpor::waking_outcome(std::uint32_t count) const {
  const std::uint32_t first = spins_.is_judging() ? count - 1 : 0;
  if (is_frugal()) return first;
  const std::uint32_t depth = trace_.size() - 1;
  const auto& sleep = nodes_[depth].sleep;
  const std::uint64_t before = outcomes_key(trace_.outcomes_of(depth));
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t outcome = (first + i) % count;
    const std::uint64_t key = mixed(before, outcome + 1) | 1;
    const auto is_this = [&](const Sleeper& sleeper) {
      return sleeper.tid == trace_.step(depth).tid && sleeper.outcomes == key;
    };
    if (std::none_of(sleep.begin(), sleep.end(), is_this)) return outcome;
  }
  return first;
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
  if (shards_ > 1) gates_.mark_waiting(&trace_);
  if (is_frugal()) {
    whole = attempts_.finish(whole || stopped_, cut && whole) && whole;
  } else if (!learn(cut && whole)) {
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
    if (!frugal_ && tree_.in_use() >= most_remembered_) return search_frugally();
    frugal_ ? go_on_frugally() : backtrack();
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

bool Dpor::owns(const Trace& trace, std::span<const unsigned>) {
  return shards_ < 2 ||
         Gates::owner(gates_.renumbered(trace_, trace).part_of(trace), shards_) == shard_;
}

std::unique_ptr<Search> make_dpor(unsigned shard, unsigned shards) {
  return std::make_unique<Dpor>(shard, shards);
}

}  // namespace chicane::strategies
