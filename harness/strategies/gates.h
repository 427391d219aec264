// SPDX-License-Identifier: Apache-2.0
//
// What the shards of an exhaustive search divide it by. A *gate* is a pair of steps, each the n-th
// of its thread, that raced in a first run: in one half of the behaviours the one has to wait for
// the other, in the other half it is the other way round. k gates make 2^k *parts*, each a search
// of its own through the program with that much more synchronization: nothing need be known of the
// other parts, and none looks at a behaviour of another.
//
// Thread safety: engine context. Lives in shared memory.
// Invariants:
//   I1. Every behaviour belongs to exactly one part. Steps that are not dependent there, or are not
//       made, fit either side of their gate: it belongs to the first of the parts that it fits.
// Cost: some comparisons per gate for each step.
#pragma once

#include <cstdint>

#include "engine/shared_heap.h"
#include "strategies/races.h"
#include "strategies/trace.h"

namespace chicane::strategies {

/// A step's access to a gate.
inline bool is_gate(ObjectKey object) { return object >> 61 == 1; }

class Gates {
 public:
  void clear();
  /// From the races of a run: as many gates as `shards` can use.
  void choose(const Trace& trace, const engine::SharedVector<Race>& races, unsigned shards);
  /// The next part from `*part` on that is this shard's, and to which something may belong; false
  /// when there is none.
  bool next(unsigned shard, unsigned shards, std::uint64_t* part) const;
  /// Whose part it is.
  static unsigned owner(std::uint64_t part, unsigned shards);
  /// The part of a whole run that no gate held back.
  std::uint64_t part_of(const Trace& trace) const;
  /// The same gates, as `to` numbers the threads that `from` numbers as they are here.
  Gates renumbered(const Trace& from, const Trace& to) const;
  std::uint64_t parts() const { return std::uint64_t{1} << gates_.size(); }
  void set(std::uint64_t part);

  /// Whether the next step of `tid` has to wait.
  bool hold_back(const Trace& trace, Tid tid) const {
    return (waiting_ & bit_of(tid)) != 0 && is_held_back(trace, tid);
  }
  /// Adds what the last step, which has just begun, is to its gates.
  void mark(Trace* trace) const {
    TraceStep& step = trace->step(trace->size() - 1);
    mark(step.tid, step.number, &step.footprint);
  }
  /// Adds the same to what would be the next steps of those who wait at the run's end.
  void mark_waiting(Trace* trace) const;
  /// Of a whole run.
  bool belongs(const Trace& trace) const;

 private:
  struct Step {
    Tid tid;
    std::uint32_t number;
  };
  struct Gate {
    Step first, second;
    bool has(Tid tid) const { return first.tid == tid || second.tid == tid; }
  };
  struct Pair {
    std::uint32_t a, b;  // steps of a run
  };
  static std::uint64_t bit_of(Tid tid) { return std::uint64_t{1} << tid % 64; }
  bool is_held_back(const Trace& trace, Tid tid) const;
  void mark(Tid tid, std::uint32_t number, Footprint* footprint) const;
  void choose_alike(const Trace& trace, unsigned shards);
  static bool is_alike(const Trace& trace, std::uint32_t a, std::uint32_t b);
  bool fits(const Trace& trace, const engine::SharedVector<std::size_t>& either,
            std::uint64_t sides) const;
  bool is_empty(std::uint64_t part) const;
  const Step& waiting(std::size_t gate, std::uint64_t part) const;
  const Step& waiting(std::size_t gate) const { return waiting(gate, part_); }
  const Step& awaited(std::size_t gate, std::uint64_t part) const;
  const Step& awaited(std::size_t gate) const { return awaited(gate, part_); }

  engine::SharedVector<Gate> gates_;
  std::uint64_t part_ = 0;
  std::uint64_t waiting_ = 0, any_ = 0;  // whose steps they are: Bloom filters
};

}  // namespace chicane::strategies
