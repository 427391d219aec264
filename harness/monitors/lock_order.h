// SPDX-License-Identifier: Apache-2.0
//
// Predicts deadlocks from runs that did not deadlock. Every acquisition under a held lock is an
// edge (held -> wanted). So is waiting under a lock for something else that another thread gives:
//
//     T holds a and waits for w                                 a -> w
//     U has to take b before it gives w                         w -> b
//
// where w is a thread that is joined (given by its end), a WaitGroup (by its done), a condition (by
// a signal), a channel (by the operation at its other end). A circle of edges, of any length, is a
// deadlock that another schedule may reach (Goodlock: Havelund, "Using Runtime Analysis to Guide
// Model Checking of Java Programs", SPIN 2000), unless one of these says why not:
//
//   same thread               two of its edges are one thread's, which cannot be in two places
//   hand-over-hand            ... and the second was taken when the first's lock was gone again
//   common gate lock          two threads hold a third lock at their edges: one at a time
//   ordered by happens-before one thread is past its edge before the other comes to it (creation,
//                             join, a WaitGroup, a closed channel; locks and messages do not count:
//                             their order is the schedule's)
//   read mode                 a reader waits for a reader, and nobody writes
//   try-lock                  one of the acquisitions does not wait
//   another lock's lifetime   two locks had the same address, one after the other
//
// A read lock that its own thread reads again is a circle of one, if somebody may write between.
//
// What is left is a prediction: the search confirms it by steering a run into it
// (strategies/steer.cc). Circles of locks alone are reported as predictions; of the others it is
// not certain that w is given by nobody else, and only what is confirmed is reported.
//
// Thread safety: engine context; cycles() also between runs.
// Invariants:
//   I1. A cycle that is feasible in one run stays so, whatever other runs refute.
//   I2. The number of locks that a thread holds is not limited; of edges and of circles kMaxEdges
//       and kMaxCycles are kept.
// Cost: about 50 ns per acquisition, and per lock held at it; circles are sought at a run's end,
// among the edges that can be in one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/engine.h"
#include "monitors/address_table.h"

namespace chicane::monitors {

/// One participant of a cycle: `thread` holds `held` and wants `wanted`, which the next one holds.
struct LockCycleRole {
  engine::ThreadId thread = engine::kNoThread;
  const void* held = nullptr;
  const void* held_site = nullptr;
  std::uint64_t held_step = 0;
  bool held_shared = false;
  const void* wanted = nullptr;
  const void* wanted_site = nullptr;
  std::uint64_t wanted_step = 0;
  bool wanted_shared = false;
  bool holds_lock = true;  // else `held` is what it gives later
  bool wants_lock = true;  // else `wanted` is what another gives later
};

/// A circle of the lock-order graph, of the run in which it was first seen so.
struct LockCycle {
  std::vector<LockCycleRole> roles;
  bool feasible = false;
  /// Why it cannot happen; empty when feasible.
  std::string refutation;
  /// Of a circle of one: who writes between.
  engine::ThreadId writer = engine::kNoThread;

  /// Whether it is one of locks alone.
  bool locks_only() const {
    for (const LockCycleRole& role : roles) {
      if (!role.holds_lock || !role.wants_lock) return false;
    }
    return true;
  }
};

class LockOrderMonitor final : public engine::Monitor {
 public:
  /// `report`: write a finding `lock-order-inversion` (sites "holds" and "wants") for every
  /// feasible cycle, in the run that first shows it.
  explicit LockOrderMonitor(bool report) : report_(report) {}

  engine::Wants begin_run(engine::Engine& engine) override;
  void on_event(const engine::Event& event) override;
  void on_allocate(engine::ThreadId, const void* start, std::size_t size) override;
  void on_free(engine::ThreadId, const void* start, std::size_t size) override;
  void end_run(engine::RunEnd end) override;

  /// All circles of all runs, feasible or refuted, in the order of their discovery.
  const std::vector<LockCycle>& cycles() const { return cycles_; }

  static constexpr std::size_t kMaxLength = 1024;

 private:
  struct Held {
    const void* lock;
    bool shared;
    std::uint64_t step;
  };
  struct Edge {
    LockCycleRole role;
    std::uint32_t held_life, wanted_life;  // which of the locks at these addresses
    bool try_lock;
    std::uint32_t first_gate, gate_count;  // all locks held, in gates_
    std::uint32_t sync_position;           // in syncs_
  };
  /// What orders threads, in the order of the run; clocks are computed from it when needed.
  struct Sync {
    enum What : std::uint8_t { kRelease, kAcquire } what;
    engine::ThreadId thread;
    const void* object;
  };
  /// Somebody locks a read-write lock for writing.
  struct Writer {
    const void* lock;
    engine::ThreadId thread;
    std::uint32_t sync_position;
    std::uint32_t first_gate, gate_count;
  };
  /// A thread takes a lock, or gives what others may wait for.
  struct Step {
    engine::ThreadId thread;
    const void* object;
    const void* site;
    std::uint64_t step;
    std::uint32_t sync_position, first_gate, gate_count, life;
    bool shared, gives;
  };
  struct Search;

  void note(const engine::Event& event);
  void on_lock(const engine::Event& event, bool shared, bool try_lock);
  void on_message(const engine::Event& event);
  void note_writer(const engine::Event& event);
  void note_wait(const engine::Event& event, const void* object);
  void note_step(const engine::Event& event, const void* object, bool shared, bool gives);
  bool is_new(const engine::Event& event, const void* object, std::uint64_t what);
  std::pair<std::uint32_t, std::uint32_t> gates_of(const engine::Event& event);
  Edge edge_of(const engine::Event& event, const engine::HeldLock& held, const void* wanted,
               std::pair<std::uint32_t, std::uint32_t> gates) const;
  std::uint32_t life_of(const void* lock) const;
  void add_edge(const Edge& edge);
  void add_given();
  void find_recursive_reads();
  void end_lives(const void* start, std::size_t size);
  void find_cycles();
  void trim();
  std::vector<std::uint32_t> clock_at(engine::ThreadId thread, std::uint32_t position) const;
  bool ordered(engine::ThreadId first, std::uint32_t first_at, engine::ThreadId second,
               std::uint32_t second_at) const;
  bool takes_a_detour(const std::vector<const Edge*>& circle) const;
  bool is_detour(const Edge& edge, const Edge& next) const;
  template <class One, class Other>
  bool share_gate(const One& one, const Other& other) const;
  const char* refute(const std::vector<const Edge*>& circle) const;
  const char* refute_same_thread(const std::vector<const Edge*>& circle) const;
  const Writer* other_writer(const void* lock, const std::vector<const Edge*>& circle) const;
  void keep(const std::vector<const Edge*>& circle);
  void write_finding(const LockCycle& cycle);

  bool report_;
  engine::Engine* engine_ = nullptr;
  std::vector<Edge> edges_;
  std::vector<Held> gates_;
  std::vector<Sync> syncs_;
  std::vector<Writer> writers_;
  std::vector<Edge> rereads_;              // a read lock under the same one
  std::vector<Step> steps_;                // in order
  std::vector<std::uint32_t> in_circles_;  // edges that may be in one, by what is held
  bool waits_seen_ = false;
  AddressTable<std::uint32_t> lives_;  // by lock: how many locks have ended at this address
  AddressTable<std::uint8_t> known_;   // by hash: edges and writers that need no second entry
  const void* lowest_ = nullptr;       // of the locks with edges
  const void* highest_ = nullptr;
  std::vector<LockCycle> cycles_;
  std::vector<std::uint64_t> reported_in_;  // by cycle: the last run that reported it
  std::uint64_t run_ = 0;
  std::size_t judged_ = 0;  // circles of this run
};

}  // namespace chicane::monitors
