// SPDX-License-Identifier: Apache-2.0
//
// How many operations each thread does in a run, learned from the runs before: what a uniform walk
// weighs its choices by. Threads are known by their line of descent (the second child of the first
// child of main), as ids may be given out in another order in each run.
//
// Operations are counted in *sorts*, which the user chooses per operation (all are one sort, or one
// for each place). A thread's expectation includes the children that it has not created yet: it is
// the number of operations that only it can bring about.
//
// Thread safety: engine context. Cost: one look-up per operation; allocates for what is new only.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>

#include "engine/operation.h"
#include "engine/shared_heap.h"

namespace chicane::strategies {

class Estimates {
 public:
  using Sort = std::uint64_t;

  void begin_run();
  /// A thread was created.
  void created(engine::ThreadId parent, engine::ThreadId child);
  /// An operation of this sort has taken effect.
  void count(engine::ThreadId thread, Sort sort);
  /// Learns from the run.
  void end_run();
  /// Whether any run has been learned from.
  bool known() const { return runs_ != 0; }
  /// How many operations of `sort` a thread and all that descend from it do, on average.
  std::uint64_t total(engine::ThreadId thread, Sort sort) const;

 private:
  using Lineage = std::uint64_t;
  template <typename Key, typename Value>
  using Map = std::unordered_map<Key, Value, std::hash<Key>, std::equal_to<>,
                                 engine::SharedAllocator<std::pair<const Key, Value>>>;
  struct Known {
    unsigned runs = 0;
    unsigned children = 0;
    Map<Sort, std::uint64_t> counts;  // over all runs
    Map<Sort, std::uint64_t> now;     // in this one
  };
  struct Thread {
    Lineage lineage = 1;
    unsigned children = 0;
  };

  static Lineage child_of(Lineage parent, unsigned number);
  std::uint64_t total(Lineage lineage, Sort sort) const;

  engine::SharedVector<Thread> threads_;
  Map<Lineage, Known> known_;
  unsigned runs_ = 0;
};

}  // namespace chicane::strategies
