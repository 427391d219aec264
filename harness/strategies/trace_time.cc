// SPDX-License-Identifier: Apache-2.0
//
// Time in the rounds of threads that wait actively: who else waits for a time that comes nearer by
// a round, and whether what a clock tells is only later by what has gone by. Why that matters
// stands in spins.h.
#include <algorithm>

#include "strategies/trace.h"

namespace chicane::strategies {

using engine::Thread;

/// The last step, which has just begun, takes time: who else waits for a later one?
void Trace::note_delays(const Thread& thread) {
  const engine::Engine& engine = engine::Engine::instance();
  if (thread.by_timeout() && thread.pending().deadline <= engine.now()) return;
  for (const Thread* other : engine.threads()) {
    if (other == &thread || other->finished()) continue;
    const engine::Time deadline = other->pending().deadline;
    if (deadline == engine::kNever || deadline <= engine.now()) continue;
    delays_.push_back({size_ - 1, going_round(tids_[other->id()])});
  }
}

/// Whether somebody who does not go round himself waited while time went by in these rounds. Those
/// who do are noted.
bool Trace::owes_time(std::uint32_t i, const Rounds& rounds) {
  if (delays_.empty()) return false;
  const std::size_t first = delayed_.size();
  const std::uint32_t begin = first_of(rounds, i);
  for (std::size_t k = delays_.size(); k-- > 0 && delays_[k].step >= begin;) {
    const Delay& delay = delays_[k];
    if (!is_in(rounds, steps_[delay.step])) continue;
    if (delay.round == kNone) {
      delayed_.erase(delayed_.begin() + static_cast<std::ptrdiff_t>(first), delayed_.end());
      return true;
    }
    delayed_.push_back({i, delay.round});
  }
  return false;
}

/// Whether the two wrote the same to their stack where they had looked at the clock: the same
/// value, or a time that is later by as much as the clock was, or the seconds or the nanoseconds of
/// one.
bool Trace::told_alike(std::uint32_t i, std::uint32_t by) const {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  if (told_.empty()) return true;
  const auto before = told_in(i), now = told_in(by);
  if (before.size() != now.size()) return false;
  const auto is_time = [&](std::size_t k) {
    return now[k].value - before[k].value ==
           static_cast<std::uint64_t>(now[k].clock - before[k].clock);
  };
  const auto is_part = [&](std::size_t k) {
    for (std::size_t of = 0; of < now.size(); ++of) {
      if (!is_time(of)) continue;
      const std::uint64_t a = before[of].value, b = now[of].value;
      if (before[k].value == a / kSecond && now[k].value == b / kSecond) return true;
      if (before[k].value == a % kSecond && now[k].value == b % kSecond) return true;
    }
    return false;
  };
  for (std::size_t k = 0; k < now.size(); ++k) {
    if (before[k].address != now[k].address) return false;
    if (before[k].value != now[k].value && !is_time(k) && !is_part(k)) return false;
  }
  return true;
}

std::span<const Trace::Told> Trace::told_in(std::uint32_t step) const {
  const auto [first, last] =
      std::equal_range(told_.begin(), told_.end(), Told{step, 0, 0, 0},
                       [](const Told& a, const Told& b) { return a.step < b.step; });
  return {first, last};
}

}  // namespace chicane::strategies
