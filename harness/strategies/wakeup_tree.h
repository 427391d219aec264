// SPDX-License-Identifier: Apache-2.0
//
// Wakeup trees (Abdulla, Aronis, Jonsson, Sagonas: "Source sets: a foundation for optimal dynamic
// partial order reduction", JACM 64(4), 2017): at each step of the current run, the sequences of
// steps that are still to be tried there, as an ordered tree.
//
// Thread safety: engine context. Lives in shared memory.
// Invariants:
//   I1. No sequence in a tree is covered by one before it: a run that follows it to its end is
//       equivalent to none that was explored from there.
//   I2. A node is 12 bytes. What is done in its step is kept once for all nodes that have that step
//       in common: of 2^n sequences the steps are few.
// Cost: an insertion compares the sequence with the tree's nodes on one path.
#pragma once

#include <cstdint>
#include <span>

#include "engine/shared_heap.h"
#include "strategies/mix.h"
#include "strategies/trace.h"

namespace chicane::strategies {

/// One step of a tree: who, what it touches, and the outcomes that it chose.
struct WakeupStep {
  Tid tid = 0;
  std::uint64_t key = 0;  // of a step that was not made there yet (known_steps.h)
  bool delays = false;    // whatever is known of it, it may touch virtual time
  Footprint footprint;
  engine::SharedVector<StepOutcome> outcomes;
};
/// One step of a sequence that may go into a tree: refers to where it is known from.
struct SequenceStep {
  Tid tid = 0;
  const Footprint* footprint = nullptr;
  std::span<const StepOutcome> outcomes;
  std::uint64_t key = 0;
  bool delays = false;
};
using WakeupSequence = engine::SharedVector<SequenceStep>;

/// What tells steps of other outcomes apart; 0: there were none.
inline std::uint64_t outcomes_key(std::span<const StepOutcome> outcomes) {
  std::uint64_t key = 0;
  for (const StepOutcome& outcome : outcomes) key = mixed(key, outcome.chosen + 1) | 1;
  return key;
}

/// Where in `sequence` the step of thread `tid` with such outcomes could come first, as far as
/// dependencies go; kAbsent when the thread has no step there and this one is independent of all of
/// them; kNotFirst when it cannot. Of a thread's step each outcome is a step of its own, and where
/// one is made the others are not.
inline constexpr std::uint32_t kAbsent = kNone - 1;
inline constexpr std::uint32_t kNotFirst = kNone - 2;
inline std::uint32_t place_as_first(Tid tid, std::uint64_t outcomes, const Footprint& footprint,
                                    std::span<const SequenceStep> sequence) {
  for (std::uint32_t i = 0; i < sequence.size(); ++i) {
    if (sequence[i].tid == tid)
      return outcomes_key(sequence[i].outcomes) == outcomes ? i : kNotFirst;
    if (sequence[i].footprint->depends_on(footprint)) return kNotFirst;
  }
  return kAbsent;
}

/// Steps by what they are: equal ones are one.
class WakeupSteps {
 public:
  const WakeupStep& operator[](std::uint32_t id) const { return entries_[id].step; }
  /// The step's id; to be given back as often as it was taken.
  std::uint32_t take(const SequenceStep& step);
  void give_back(std::uint32_t id);

 private:
  struct Entry {
    WakeupStep step;
    std::uint64_t hash = 0;
    std::uint32_t users = 0;
    std::uint32_t next = kNone;  // of its bucket, or of what is free
  };
  std::uint32_t& bucket(std::uint64_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }
  void grow();
  engine::SharedVector<Entry> entries_;
  engine::SharedVector<std::uint32_t> buckets_;
  std::uint32_t free_ = kNone;
};

class WakeupTree {
 public:
  const WakeupStep& step(std::uint32_t node) const { return steps_[nodes_[node].step]; }
  /// Inserts `sequence` below the list of siblings that begins at `*first`, unless what is there
  /// covers it. True when it was new. kJoining: where one that is there covers it, but is shorter,
  /// it goes on as this one does; should it turn out to be nothing new, this one is left.
  enum class Manner : std::uint8_t { kWhole, kJoining };
  bool insert(std::uint32_t* first, std::span<const SequenceStep> sequence,
              Manner manner = Manner::kWhole);
  /// Takes the first sibling off the list; its children become a list of their own.
  std::uint32_t take_first(std::uint32_t* first);
  std::uint32_t child(std::uint32_t node) const { return nodes_[node].child; }
  /// The node's step has these outcomes, at least, and that key.
  void give_outcomes(std::uint32_t node, std::span<const StepOutcome> outcomes, std::uint64_t key);
  /// Takes off the list the sequence that is first in it, but for what others have in common.
  void drop_first(std::uint32_t* first);
  /// Frees a list with all below.
  void free_list(std::uint32_t first);
  std::uint32_t length(std::uint32_t first) const;
  std::size_t in_use() const { return in_use_; }

 private:
  struct Node {
    std::uint32_t step;  // in steps_
    std::uint32_t child;
    std::uint32_t next;
  };
  std::uint32_t allocate(const SequenceStep& step);
  void release(std::uint32_t node);
  WakeupSteps steps_;
  engine::SharedVector<Node> nodes_;
  WakeupSequence left_;  // of a sequence that is being inserted
  std::uint32_t free_ = kNone;
  std::size_t in_use_ = 0;
};

}  // namespace chicane::strategies
