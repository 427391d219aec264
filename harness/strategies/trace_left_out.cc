// SPDX-License-Identifier: Apache-2.0
//
// Whether a round in which a thread has locked something could be left out of the run: nobody else
// has seen that the lock was taken, or they have seen it only in rounds that could be left out as
// well. Two threads that back off from each other are such: each finds a lock taken in the round of
// the other.
//
// The rounds are left out together. Of each lock that they touch it is then told, step by step, who
// has it with them and without: whoever is at the lock and is no part of them must find it alike,
// and memory, too.
#include <algorithm>

#include "strategies/trace.h"

namespace chicane::strategies {

/// Who has a lock.
struct Trace::LockState {
  Tid owner = kNone;
  std::uint32_t readers = 0;
  void apply(Mode mode, Tid tid) {
    if (mode == Mode::kAcquire) owner = tid;
    if (mode == Mode::kRelease) owner = kNone;
    if (mode == Mode::kShare) ++readers;
    if (mode == Mode::kUnshare) --readers;
  }
  friend bool operator==(const LockState&, const LockState&) = default;
};

namespace {

/// To memory. Others may see it when its thread has unlocked something.
class Written {
 public:
  void add(const TraceStep& step) {
    using enum engine::OpKind;
    if (step.kind == kUnlock || step.kind == kReadUnlock || step.kind == kCondWait) {
      told_ = change_ != 0 || to_stack_;
    }
    change_ ^= step.change;
    to_stack_ = to_stack_ || step.stack != 0;
  }
  bool is_told() const { return told_; }

 private:
  std::uint64_t change_ = 0;
  bool to_stack_ = false, told_ = false;
};

bool is_of_lock(Mode mode) {
  return acquires(mode) || mode == Mode::kRelease || mode == Mode::kUnshare;
}

}  // namespace

bool Trace::is_in(const Rounds& rounds, const TraceStep& step) {
  return std::any_of(rounds.begin(), rounds.end(), [&](const Round& round) {
    return round.tid == step.tid && round.after < step.number && step.number <= round.last;
  });
}

/// Who had that lock before step `first`.
Trace::LockState Trace::lock_before(std::uint32_t object, std::uint32_t first) const {
  LockState state;
  std::uint32_t e = objects_[object].last;
  while (e != kNone && entries_[e].step >= first) e = entries_[e].before;
  for (; e != kNone; e = entries_[e].before) {
    const Mode mode = entries_[e].mode;
    if (mode == Mode::kAcquire) state.owner = steps_[entries_[e].step].tid;
    if (mode == Mode::kAcquire || mode == Mode::kRelease) break;
    if (mode == Mode::kShare) ++state.readers;
    if (mode == Mode::kUnshare) --state.readers;
  }
  return state;
}

/// Of what comes before step `i`, the first to find that lock otherwise without the rounds, which
/// begin with step `first`; kNone: nobody.
std::uint32_t Trace::find_witness(const Rounds& rounds, std::uint32_t object, std::uint32_t first,
                                  std::uint32_t i) const {
  LockState with = lock_before(object, first), without = with;
  Written written;  // by the rounds so far
  std::uint32_t next = first;
  for (std::size_t e = steps_[first].first_entry; e < entries_.size(); ++e) {
    const TraceEntry& entry = entries_[e];
    if (entry.object != object || !happens_before(entry.step, i)) continue;
    const TraceStep& step = steps_[entry.step];
    if (!is_in(rounds, step)) {
      for (; next < entry.step; ++next) {
        if (is_in(rounds, steps_[next])) written.add(steps_[next]);
      }
      if (with != without || (acquires(entry.mode) && written.is_told())) return entry.step;
      without.apply(entry.mode, step.tid);
    }
    with.apply(entry.mode, step.tid);
  }
  return with == without ? kNone : i;
}

/// The last round before step `i` of the witness's thread that has it.
bool Trace::add_round(std::uint32_t witness, std::uint32_t i, Rounds* rounds) const {
  const TraceStep& step = steps_[witness];
  for (const Round& round : *rounds) {
    if (round.tid == step.tid) return false;
  }
  std::uint32_t last = step_of(step.tid, steps_before(i, step.tid));
  for (; last != kNone && steps_[last].number >= step.number; last = steps_[last].previous) {
    const std::uint32_t turn = steps_[last].turn;
    if (turn == kNone || steps_[turn].number >= step.number) continue;
    rounds->push_back({step.tid, steps_[turn].number, steps_[last].number});
    return true;
  }
  return false;
}

/// The first step of the rounds; they end with step `i` at the latest.
std::uint32_t Trace::first_of(const Rounds& rounds, std::uint32_t i) const {
  std::uint32_t first = i;
  for (const Round& round : rounds) {
    first = std::min(first, step_of(round.tid, round.after + 1));
  }
  return first;
}

/// Of the locks that the rounds take.
std::uint32_t Trace::find_witness(const Rounds& rounds, std::uint32_t i) const {
  const std::uint32_t first = first_of(rounds, i);
  engine::SharedVector<std::uint32_t> seen;
  for (std::uint32_t k = first; k <= i; ++k) {
    if (!is_in(rounds, steps_[k])) continue;
    for (const TraceEntry& entry : entries_of(k)) {
      if (!is_of_lock(entry.mode)) continue;
      if (std::find(seen.begin(), seen.end(), entry.object) != seen.end()) continue;
      seen.push_back(entry.object);
      const std::uint32_t witness = find_witness(rounds, entry.object, first, i);
      if (witness != kNone) return witness;
    }
  }
  return kNone;
}

Trace::Rounds Trace::left_out(std::uint32_t i) const {
  Rounds rounds;
  rounds.push_back({steps_[i].tid, steps_[steps_[i].turn].number, steps_[i].number});
  for (;;) {
    const std::uint32_t witness = find_witness(rounds, i);
    if (witness == kNone) return rounds;
    if (!add_round(witness, i, &rounds)) return {};
  }
}

}  // namespace chicane::strategies
