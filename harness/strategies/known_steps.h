// SPDX-License-Identifier: Apache-2.0
//
// What steps did, by what they came after. A thread's next step, and what it then announces, is a
// matter of what its operation sees: its own past, and the last changes of the objects that it is
// about. So a step that is to be made elsewhere, where all that is the same as it was once before,
// does there what it did then. Where nothing is known of it, it is new, and so is every run that
// has it.
//
// Thread safety: engine context. Lives in shared memory.
// Invariants:
//   I1. A key tells the step's thread, its number there, its past, and, for each object of its
//       operation, the last steps that changed it and those by which others wait for it until a
//       deadline, with their pasts (but for collisions of 64 bits). In which order independent
//       steps were made does not matter to it.
//   I2. Memory is bounded: from `kMost` steps on none is learned any more.
// Cost: for a step that is learned, some ns for each step that it directly comes after.
#pragma once

#include <cstdint>
#include <span>

#include "engine/shared_heap.h"
#include "strategies/mix.h"
#include "strategies/trace.h"
#include "strategies/wakeup_tree.h"

namespace chicane::strategies {

class KnownSteps {
 public:
  void clear();
  std::size_t size() const { return count_; }
  /// The steps of a run from `first` on. Those before it are known from the run before.
  void learn(const Trace& trace, std::uint32_t first);
  /// Whether any step learned so far is about virtual time.
  bool has_deadlines() const { return has_deadlines_; }
  /// All that a step of that key has touched so far; null: there was none.
  const Footprint* find(std::uint64_t key) const;
  /// The same, if it was always the same.
  const Footprint* find_constant(std::uint64_t key) const;

  /// The key of step `i` of the trace, which has been learned up to there.
  std::uint64_t key_of(const Trace& trace, std::uint32_t i) const;
  /// The key of the step of that key where that was its outcome, or its next one.
  static std::uint64_t with_outcome(std::uint64_t key, std::uint32_t outcome) {
    return mixed(key, outcome + 1) | 1;
  }
  /// How many outcomes the step of that key has, or more than that key says; 0: none, as far as is
  /// known.
  std::uint32_t outcomes_after(std::uint64_t key) const;
  /// The key of a step that `tid` makes next after `origin`, its step before, of an operation that
  /// touches the first `own` of `footprint`. `head(access)` is the object's last entry before it,
  /// `is_there(step)` whether that entry's step is made at all.
  template <typename Head, typename IsThere>
  std::uint64_t key_of(const Trace& trace, Tid tid, std::uint32_t number, std::uint32_t origin,
                       engine::OpKind kind, const Footprint& footprint, unsigned own,
                       const Head& head, const IsThere& is_there) const {
    std::uint64_t key = mixed(mixed(tid + 1, number), origin != kNone ? hashes_[origin] : 0);
    const auto entries = trace.entries();
    unsigned entry = 0;
    for (unsigned i = 0; i < own; ++i) {
      Access access = footprint[i];
      if (!trace.has_entry(access)) continue;
      // What it would be if it succeeded: whether it does is a matter of what it sees.
      if (may_fail(kind) && access.object != kVirtualTime) {
        const bool shares = (engine::bit_of(kind) & engine::kReadLockKinds) != 0;
        access.mode = shares ? Mode::kShare : Mode::kAcquire;
      }
      std::uint64_t seen = 0;
      for (std::uint32_t e = head(access, entry++); e != kNone; e = entries[e].before) {
        const Mode mode = entries[e].mode;
        if (!conflict(access.mode, mode) || !is_there(entries[e].step)) continue;
        if (mode == Mode::kRead && !waits_in_time(trace, entries[e].step)) continue;
        seen += mixed(hashes_[entries[e].step], 1);
        if (is_exclusive(mode)) break;
      }
      key = mixed(key, mixed(access.object, seen));
    }
    return key | 1;
  }

 private:
  /// Of a step that reads an object: whether it may do so because its thread is to wait for it
  /// until a deadline. Whoever changes the object then also touches virtual time.
  static bool waits_in_time(const Trace& trace, std::uint32_t step) {
    return trace.step(step).footprint.touches(kVirtualTime);
  }
  static constexpr std::size_t kMost = std::size_t{1} << 21;
  struct Slot {
    std::uint64_t key = 0;  // 0: free
    std::uint32_t step = 0;
    std::uint32_t outcomes = 0;  // there are
    bool varies = false;
  };
  std::size_t place_of(std::uint64_t key) const;
  void grow();
  void note(std::uint64_t key, const TraceStep& step, std::uint32_t outcomes);

  engine::SharedVector<std::uint64_t> hashes_;  // by step of the last run: which one it is
  engine::SharedVector<Slot> slots_;
  std::size_t count_ = 0;
  bool has_deadlines_ = false;
  WakeupSteps steps_;
};

}  // namespace chicane::strategies
