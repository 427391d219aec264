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
  return place != nullptr && place->spins;
}

bool Spins::holds_all(const Trace& trace, const ThreadChoice& choice) const {
  return std::all_of(choice.enabled.begin(), choice.enabled.end(), [&](const Thread* thread) {
    return holds(trace, trace.tid_of(thread->id()));
  });
}

int Spins::go_on(const Trace& trace, const ThreadChoice& choice) {
  for (std::size_t i = 0; judged_ == kNone && i < choice.enabled.size(); ++i) {
    const Tid tid = trace.tid_of(choice.enabled[i]->id());
    const std::uint32_t last = trace.last_step(tid);
    if (last == kNone || trace.step(last).rounds == 0) continue;
    place_ = what(trace, last);
    if (find(place_) == nullptr) judged_ = tid;
  }
  if (judged_ == kNone) return kNothing;
  const TraceStep& step = trace.step(trace.last_step(judged_));
  if (!trace.goes_round(trace.last_step(judged_))) return decide(false);
  if (step.rounds >= kMostRounds) return decide(true);
  for (std::size_t i = 0; i < choice.enabled.size(); ++i) {
    if (choice.enabled[i]->id() == step.engine_id) return static_cast<int>(i);
  }
  // Who sleeps has not left its loop, but others are to wake first: it cannot be seen alone.
  const Thread& thread = *engine::Engine::instance().threads()[step.engine_id];
  return decide(!thread.finished() && thread.pending().kind == engine::OpKind::kSleep);
}

bool Spins::any() const {
  return std::any_of(places_.begin(), places_.end(),
                     [](const Place& place) { return place.spins; });
}

void Spins::add_exception_to(engine::StrategyReport* report) {
  const std::size_t length = std::strlen(report->guarantee);
  std::snprintf(report->guarantee + length, sizeof report->guarantee - length, "%s", kException);
}

bool Spins::has_exception(const engine::StrategyReport& report) {
  return std::strstr(report.guarantee, kException) != nullptr;
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
