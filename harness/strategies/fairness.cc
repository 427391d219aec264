// SPDX-License-Identifier: Apache-2.0
#include "strategies/fairness.h"

#include <algorithm>

namespace chicane::strategies {

using engine::Event;
using engine::OpKind;
using engine::Outcome;

void Fairness::begin_run() {
  threads_.clear();
  resting_.clear();
  last_thread_ = 0;
  events_ = rested_ = 0;
  changed_at_ = changed_by_other_at_ = 0;
  changed_by_ = engine::kNoThread;
}

bool Fairness::failed(const Event& event) {
  // Who has found a lock taken and now sleeps until it is unlocked does not spin.
  if (event.kind == OpKind::kLock && event.outcome == Outcome::kWouldBlock) return false;
  return event.outcome == Outcome::kWouldBlock || event.outcome == Outcome::kFailed ||
         event.outcome == Outcome::kTimedOut;
}

bool Fairness::polls(const Event& event) {
  return event.kind == OpKind::kAtomicLoad || event.kind == OpKind::kClock ||
         event.kind == OpKind::kRead || event.kind == OpKind::kRecv ||
         event.kind == OpKind::kStateRead || event.kind == OpKind::kSelect ||
         event.kind == OpKind::kAtomicRmw;
}

/// Whether others may find something to be otherwise. That a lock was taken is nothing to wait for.
bool Fairness::changes(const Event& event) {
  return touches_object(event.kind) && !only_reads(event.kind) && event.outcome == Outcome::kDone &&
         event.object != nullptr && event.kind != OpKind::kLock && event.kind != OpKind::kTryLock;
}

void Fairness::note_change(State& state, const Event& event) {
  // What a thread does at one place again and again, with the same value, it does while it waits
  // (`while (flag.exchange(true)) yield();`), and so does who unlocks what it looked at.
  const bool again = state.made_at == event.site && state.made_value == event.value;
  if (!again && event.kind != OpKind::kUnlock) state.yielded_at = 0;
  state.made_at = event.site;
  state.made_value = event.value;
  if (changed_by_ != event.thread) changed_by_other_at_ = changed_at_;
  changed_by_ = event.thread;
  changed_at_ = events_;
}

/// A first yield gives way only if the strategy wants it so: the others may be as slow as they
/// like.
bool Fairness::yields_in_vain(State& state, const Event& event) const {
  const std::uint64_t changed = changed_by_ != event.thread ? changed_at_ : changed_by_other_at_;
  const bool in_vain =
      state.yield_site == event.site && state.yielded_at != 0 && changed <= state.yielded_at;
  state.yield_site = event.site;
  state.yielded_at = events_;
  return in_vain;
}

bool Fairness::spins(State& state, const Event& event) {
  if (event.kind == OpKind::kYield) return yields_in_vain(state, event);
  if (event.kind == OpKind::kSleep) {  // once is a pause, again and again is polling
    if (state.sleep_site != event.site) state.sleeps = 0;
    state.sleep_site = event.site;
    if (++state.sleeps < kFailureLimit) return false;
    state.sleeps = 0;
    return true;
  }
  const bool failure = failed(event);
  if (failure || polls(event)) {
    // The clock moves at every reading: that it does is no progress.
    const bool same_value = state.value == event.value || event.kind == OpKind::kClock;
    if (state.site != event.site || state.object != event.object || !(failure || same_value)) {
      state.site = event.site;
      state.object = event.object;
      state.count = 0;
    }
    state.value = event.value;
    if (++state.count >= (failure ? kFailureLimit : kPollLimit)) {
      state.count = 0;
      return true;
    }
  }
  if (state.alone < kAloneLimit >> std::min(state.rests, 5u)) return false;
  state.alone = 0;
  return true;
}

void Fairness::rest(engine::ThreadId id) {
  State& state = threads_[id];
  state.due = false;
  if (state.resting) return;
  ++rested_;
  state.resting = true;
  state.wakes_at = events_ + (std::uint64_t{1} << std::min(state.rests++, kMostRest));
  resting_.push_back(id);
}

void Fairness::wake(std::size_t position) {
  threads_[resting_[position]].resting = false;
  resting_[position] = resting_.back();
  resting_.pop_back();
}

void Fairness::wake_those_due(const Event& event) {
  const bool changed = changes(event);
  for (std::size_t i = resting_.size(); i-- > 0;) {
    const State& state = threads_[resting_[i]];
    const bool sees = changed && event.object == state.object;
    if (resting_[i] != event.thread && (sees || state.wakes_at <= events_)) wake(i);
  }
}

void Fairness::note(const Event& event) {
  if (event.thread >= threads_.size()) threads_.resize(event.thread + 1);
  if (!resting_.empty()) wake_those_due(event);
  State& state = threads_[event.thread];
  if (event.thread != last_thread_) threads_[last_thread_ = event.thread].alone = 0;
  // A site's low bits differ: it is a return address.
  const std::uint64_t place =
      std::uint64_t{1} << ((reinterpret_cast<std::uintptr_t>(event.site) * 0x9e3779b97f4a7c15u) >>
                           58);
  if ((state.places & place) == 0) {
    // A new place: if it was in a loop, it has left it.
    state.places = (state.rests != 0 ? 0 : state.places) | place;
    state.rests = 0;
    state.alone = 0;
    state.yielded_at = 0;
  } else {
    ++state.alone;
  }
  if (event.outcome == Outcome::kDone) count_locks(state, event.kind);
  if (changes(event)) note_change(state, event);
  // Who rests with a lock in its hands holds up those it waits for: two that back off from each
  // other would meet again and again. It goes on until it has let go, or comes round once more.
  const bool spun = spins(state, event);
  if ((spun && (state.locks == 0 || state.due)) || (state.due && state.locks == 0)) {
    rest(event.thread);
  } else {
    state.due |= spun;
  }
}

void Fairness::count_locks(State& state, OpKind kind) {
  switch (kind) {
    case OpKind::kLock:
    case OpKind::kTryLock:
    case OpKind::kReadLock:
    case OpKind::kTryReadLock:
      ++state.locks;
      return;
    case OpKind::kUnlock:
    case OpKind::kReadUnlock:
      if (state.locks != 0) --state.locks;
      return;
    default:
      return;
  }
}

// All rest. Once or twice, all of them may go on; but threads that come to rest again and again may
// do so because they go on in step (two that back off from each other): then one goes ahead.
void Fairness::wake_some(const engine::ThreadChoice& choice, engine::ThreadChoice* awake) {
  unsigned first = 0, least = kMostRest;
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    const State& state = threads_[choice.enabled[i]->id()];
    least = std::min(least, state.rests);
    if (state.wakes_at < threads_[choice.enabled[first]->id()].wakes_at) first = i;
  }
  const bool only_one = least >= kInStep;
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    const engine::ThreadId id = choice.enabled[i]->id();
    if (only_one && i != first) continue;
    wake(static_cast<std::size_t>(std::find(resting_.begin(), resting_.end(), id) -
                                  resting_.begin()));
    if (id == choice.current) awake->current_index = static_cast<int>(kept_.size());
    kept_.push_back(choice.enabled[i]);
    indices_.push_back(i);
  }
}

engine::ThreadChoice Fairness::filter(const engine::ThreadChoice& choice) {
  engine::ThreadChoice filtered = choice;
  filtered.current_index = -1;
  kept_.clear();
  indices_.clear();
  for (unsigned i = 0; i < choice.enabled.size(); ++i) {
    const engine::ThreadId id = choice.enabled[i]->id();
    if (id < threads_.size() && threads_[id].resting) continue;
    if (id == choice.current) filtered.current_index = static_cast<int>(kept_.size());
    kept_.push_back(choice.enabled[i]);
    indices_.push_back(i);
  }
  if (kept_.empty()) wake_some(choice, &filtered);
  filtered.enabled = kept_;
  return filtered;
}

}  // namespace chicane::strategies
