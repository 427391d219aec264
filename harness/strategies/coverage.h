// SPDX-License-Identifier: Apache-2.0
//
// What an exploration has seen, from events alone: how many distinct behaviours its runs had, and
// which conflicting operations came one after the other.
//
// The *behaviour* of a run is its Mazurkiewicz trace: two runs are the same behaviour when they
// differ only in the order of independent operations. Its hash is chained along each thread, and
// along each object through the write that an operation follows and, for a write, the reads
// since; so equal traces have equal hashes whatever their order, and others differ but for a chance
// of 2^-64 a pair.
//
// A *pair* is an operation and the one that it follows on its object: a read and the write whose
// value it sees, a lock and the unlock before it, a write and the reads that it overtakes.
// Operations are told apart by place and by the how manieth time a thread comes there, not by
// address and not by thread: that is the same in every run. Threads whose locks go through one
// library function are told apart by that count.
//
// Thread safety: engine context.
// Invariants:
//   I1. Only the order of events matters, never an address: addresses may differ from run to run.
//   I2. `behaviours()` never counts one twice; when its table is full, `is_complete()` is false.
// Cost: about 10 ns per event at an object. Allocates only in begin_run, and for a new thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_set>

#include "engine/operation.h"
#include "engine/shared_heap.h"

namespace chicane::strategies {

/// An operation as it is the same in every run.
struct OpClass {
  const void* site = nullptr;
  /// The how manieth time its thread is there, from 1; kManyTimes stands for all later ones.
  std::uint16_t occurrence = 0;
  engine::OpKind kind{};
  /// A lock that is taken while another is held.
  bool nested = false;
  /// The same number: they met at the same objects, in some run.
  std::uint16_t object = 0;
  /// Who was seen to do it first, and last.
  engine::ThreadId first_thread = engine::kNoThread, last_thread = engine::kNoThread;

  static constexpr std::uint16_t kManyTimes = 4;
  bool same(const OpClass& other) const {
    return site == other.site && occurrence == other.occurrence && kind == other.kind;
  }
};

/// A set of hashes, up to a number of them.
class HashSet {
 public:
  explicit HashSet(std::size_t most) : most_(most) { slots_.resize(256); }
  /// Whether it is new. When the set is full, nothing is new any more.
  bool insert(std::uint64_t hash);
  void add_to(std::unordered_set<std::uint64_t>* all) const;
  std::uint64_t size() const { return count_; }
  bool full() const { return count_ == most_; }

 private:
  std::size_t most_, count_ = 0;
  engine::SharedVector<std::uint64_t> slots_;
};

class Coverage {
 public:
  static constexpr std::size_t kMaxClasses = 512;

  Coverage();
  static void* operator new(std::size_t size) { return engine::SharedHeap::allocate(size); }
  static void operator delete(void* memory, std::size_t size) {
    engine::SharedHeap::deallocate(memory, size);
  }
  void begin_run();
  void on_event(const engine::Event& event);
  void end_run();

  // ---- of all runs ----
  std::uint64_t behaviours() const { return behaviours_.size(); }
  std::uint64_t pairs() const { return pairs_.size(); }
  /// Adds their hashes.
  void add_behaviours(std::unordered_set<std::uint64_t>* all) const { behaviours_.add_to(all); }
  bool is_complete() const { return !behaviours_.full(); }
  /// The operations that have conflicted with another thread's, as they were first seen.
  const engine::SharedVector<OpClass>& classes() const { return classes_; }

  // ---- of the last run ----
  unsigned new_pairs() const { return new_pairs_; }
  bool is_new_behaviour() const { return new_behaviour_; }

  // ---- of the run that goes on ----
  /// The how manieth time it will be when `thread` does its announced operation at `site`.
  std::uint16_t next_occurrence(engine::ThreadId thread, const void* site) const;

 private:
  struct Mark {  // an operation that was the last of its sort on an object
    OpClass op;
    engine::ThreadId thread = engine::kNoThread;
  };
  struct Object {
    const void* address = nullptr;
    std::uint32_t generation = 0;
    Mark write, read, lock;
    std::uint64_t write_hash = 0, reads_hash = 0;
  };
  struct Visits {
    std::uint64_t key = 0;
    std::uint32_t generation = 0;
    std::uint32_t count = 0;
  };
  struct ThreadState {
    std::uint64_t hash = 0, step = 0;
    OpClass op;  // what it does in that step
    unsigned locks = 0;
  };
  static constexpr std::size_t kObjects = 4096;
  static constexpr std::size_t kVisits = 4096;

  Object* object(const void* address);
  static std::uint64_t visit_key(engine::ThreadId thread, const void* site);
  void begin_operation(const engine::Event& event, ThreadState* thread);
  void note_access(const engine::Event& event, bool reads, ThreadState* thread);
  void note_pair(const Mark& before, const Mark& after);
  std::size_t note_class(const Mark& mark);

  engine::SharedVector<Object> objects_;
  engine::SharedVector<Visits> visits_;
  engine::SharedVector<ThreadState> threads_;
  engine::SharedVector<OpClass> classes_;
  std::uint32_t generation_ = 0;
  std::size_t object_count_ = 0;
  unsigned new_pairs_ = 0;
  bool new_behaviour_ = false;
  HashSet behaviours_{std::size_t{1} << 22};
  HashSet pairs_{std::size_t{1} << 16};
};

}  // namespace chicane::strategies
