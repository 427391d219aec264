// SPDX-License-Identifier: Apache-2.0
#include "strategies/spins.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "engine/engine.h"
#include "strategies/mix.h"

namespace chicane::strategies {

using engine::Thread;
using engine::ThreadChoice;

constexpr const char* kException = ", but for those that spinning threads make without end";

/// Of those from `place` on, the first.
std::size_t Spins::index_from(std::uint64_t place) const {
  const auto at = std::lower_bound(places_.begin(), places_.end(), place,
                                   [](const Place& a, std::uint64_t b) { return a.place < b; });
  return static_cast<std::size_t>(at - places_.begin());
}

const Spins::Place* Spins::find(std::uint64_t place) const {
  const std::size_t at = index_from(place);
  return at < places_.size() && places_[at].place == place ? &places_[at] : nullptr;
}

/// Where a thread has polled, and what it has found: by another value it may leave.
std::uint64_t Spins::what(const Trace& trace, std::uint32_t step) {
  return mixed(trace.place_of(step), trace.step(step).value);
}

bool Spins::is_held(const Trace& trace, Tid tid) const {
  const std::uint32_t last = trace.last_step(tid);
  if (last == kNone || trace.step(last).rounds == 0) return false;
  const Place* place = find(what(trace, last));
  return place != nullptr && place->spins && may_be_left_out(trace, last, true);
}

/// Whether those for whom time went by in the round that ends with step `last` do not leave their
/// loops by themselves; `surely`: they have been judged.
bool Spins::may_be_left_out(const Trace& trace, std::uint32_t last, bool surely) const {
  return trace.all_delayed(last, [&](std::uint32_t round) {
    const Place* place = find(what(trace, round));
    return place != nullptr ? place->spins : !surely;
  });
}

/// Whether somebody else waits for a time, and does not go round.
bool Spins::others_wait(const Trace& trace, Tid tid) {
  const engine::Engine& engine = engine::Engine::instance();
  return std::any_of(engine.threads().begin(), engine.threads().end(), [&](const Thread* thread) {
    const Tid other = trace.tid_of(thread->id());
    return other != tid && !thread->finished() && thread->pending().deadline != engine::kNever &&
           trace.going_round(other) == kNone;
  });
}

bool Spins::holds_all(const Trace& trace, const ThreadChoice& choice) const {
  return std::all_of(choice.enabled.begin(), choice.enabled.end(), [&](const Thread* thread) {
    return holds(trace, trace.tid_of(thread->id()));
  });
}

void Spins::find_unjudged(const Trace& trace, const ThreadChoice& choice) {
  for (const Thread* thread : choice.enabled) {
    const Tid tid = trace.tid_of(thread->id());
    const std::uint32_t last = trace.last_step(tid);
    if (last == kNone || trace.step(last).rounds == 0) continue;
    place_ = what(trace, last);
    if (find(place_) != nullptr || !may_be_left_out(trace, last, false)) continue;
    if (others_wait(trace, tid) || !note_order(trace, last)) continue;
    judged_ = tid;
    passing_.clear();
    return;
  }
}

/// Who makes the steps of the rounds that can be left out together, in their order; but some of
/// the next ones have been made already. False when they may not find the same once more.
bool Spins::note_order(const Trace& trace, std::uint32_t last) {
  order_.clear();
  ahead_.clear();
  next_ = 0;
  const Trace::Rounds rounds = trace.left_out(last);
  for (std::uint32_t i = 0; i <= last; ++i) {
    if (Trace::is_in(rounds, trace.step(i))) order_.push_back(trace.step(i).tid);
  }
  for (const Trace::Round& round : rounds) {
    if (round.tid >= ahead_.size()) ahead_.resize(round.tid + 1);
    ahead_[round.tid] = trace.steps_of(round.tid) - round.last;
  }
  return all_go_round(trace) && !others_meddle(trace, rounds, last);
}

/// Whether what others have done behind the back of a round meets it.
bool Spins::others_meddle(const Trace& trace, const Trace::Rounds& rounds, std::uint32_t last) {
  const auto meets = [&](const TraceStep& step) {
    for (std::uint32_t i = 0; i <= last; ++i) {
      if (!Trace::is_in(rounds, trace.step(i))) continue;
      if (trace.step(i).footprint.depends_on(step.footprint)) return true;
    }
    return false;
  };
  for (std::uint32_t i = 0; i < trace.size(); ++i) {
    const TraceStep& step = trace.step(i);
    const bool other = std::none_of(rounds.begin(), rounds.end(), [&](const Trace::Round& round) {
      return round.tid == step.tid;
    });
    if (other && step.settled && !trace.happens_before(i, last) && meets(step)) return true;
  }
  return false;
}

/// Whether none of them has left its round.
bool Spins::all_go_round(const Trace& trace) const {
  return std::all_of(order_.begin(), order_.end(),
                     [&](Tid tid) { return trace.goes_round(trace.last_step(tid)); });
}

Tid Spins::next_in_order() {
  for (;;) {
    const Tid tid = order_[next_++ % order_.size()];
    if (ahead_[tid] == 0) return tid;
    --ahead_[tid];
  }
}

int Spins::go_on(const Trace& trace, const ThreadChoice& choice) {
  if (trace.misses_writes() && judged_ == kNone) {
    place_ = kWrites;
    return decide(false);
  }
  if (judged_ == kNone) find_unjudged(trace, choice);
  if (judged_ == kNone) return kNothing;
  if (!all_go_round(trace)) return decide(false);
  for (const Passing& passing : passing_) {
    if (trace.going_round(passing.tid) != kNone) continue;
    place_ = passing.place;
    return decide(false);
  }
  if (is_long_enough(trace, choice.step)) return decide(true);
  const Tid tid = next_in_order();
  for (std::size_t i = 0; i < choice.enabled.size(); ++i) {
    if (trace.tid_of(choice.enabled[i]->id()) == tid) return static_cast<int>(i);
  }
  --next_;
  const int pick = let_time_pass(trace, choice);
  return pick >= 0 ? pick : decide(false);
}

bool Spins::is_long_enough(const Trace& trace, std::uint64_t step) const {
  return trace.step(trace.last_step(judged_)).rounds >= kMostRounds ||
         2 * step >= engine::Engine::instance().options().step_limit;
}

/// Somebody waits for a time, and others, who go round, too, wait for an earlier one.
int Spins::let_time_pass(const Trace& trace, const ThreadChoice& choice) {
  for (std::size_t i = 0; i < choice.enabled.size(); ++i) {
    const Thread& thread = *choice.enabled[i];
    const Tid tid = trace.tid_of(thread.id());
    const std::uint32_t round = trace.going_round(tid);
    if (!thread.by_timeout() || round == kNone) continue;
    const std::uint64_t place = what(trace, round);
    const bool known = std::any_of(passing_.begin(), passing_.end(), [&](const Passing& passing) {
      return passing.tid == tid && passing.place == place;
    });
    if (!known) passing_.push_back({tid, place});
    return static_cast<int>(i);
  }
  return -1;
}

bool Spins::any() const {
  return std::any_of(places_.begin(), places_.end(),
                     [](const Place& place) { return place.spins; });
}

void Spins::add_exception_to(engine::StrategyReport* report) {
  report->but_for_spins = true;
  const std::size_t length = std::strlen(report->guarantee);
  std::snprintf(report->guarantee + length, sizeof report->guarantee - length, "%s", kException);
}

int Spins::decide(bool spins) {
  places_.insert(places_.begin() + static_cast<std::ptrdiff_t>(index_from(place_)),
                 {place_, spins});
  judged_ = kNone;
  decided_ = true;
  return kJudged;
}

bool Spins::end_run() {
  if (judged_ != kNone) decide(false);  // it has come to an end
  return std::exchange(decided_, false);
}

}  // namespace chicane::strategies
