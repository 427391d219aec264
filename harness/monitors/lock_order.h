// SPDX-License-Identifier: Apache-2.0
//
// Predicts lock-order deadlocks from runs that did not deadlock. Every acquisition under a held
// lock is an edge (held -> wanted); a circle of edges is a deadlock that another schedule may
// reach, unless one of these says why not:
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
// What is left is a prediction: the search confirms it by steering a run into it
// (strategies/steer.cc). Circles of any length up to kMaxLength are found. Re-acquiring a read lock
// behind a waiting writer is not predicted; the scheduler finds it as a deadlock.
//
// Thread safety: engine context; cycles() also between runs.
// Invariants:
//   I1. A cycle that is feasible in one run stays so, whatever other runs refute.
// Cost: 1 ns per event, about 15 ns per acquisition under another lock; circles are sought at a
// run's end, and only where the graph has an edge out of a lock that another edge goes into.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
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
};

/// A circle of the lock-order graph, of the run in which it was first seen so.
struct LockCycle {
  std::vector<LockCycleRole> roles;
  bool feasible = false;
  /// Why it cannot happen; empty when feasible.
  std::string refutation;
};

class LockOrderMonitor final : public engine::Monitor {
 public:
  /// `report`: write a finding `lock-order-inversion` (sites "holds" and "wants") for every
  /// feasible cycle, in the run that first shows it.
  explicit LockOrderMonitor(bool report) : report_(report) {}

  void begin_run(engine::Engine& engine) override;
  void on_event(const engine::Event& event) override;
  void on_allocate(engine::ThreadId, const void* start, std::size_t size) override;
  void on_free(engine::ThreadId, const void* start, std::size_t size) override;
  void end_run(engine::RunEnd end) override;

  /// All circles of all runs, feasible or refuted, in the order of their discovery.
  const std::vector<LockCycle>& cycles() const { return cycles_; }

  static constexpr std::size_t kMaxLength = 8;

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
  };
  struct Search;

  void note(const engine::Event& event);
  void on_lock(const engine::Event& event, bool shared, bool try_lock);
  void note_writer(const engine::Event& event);
  void add_edge(const engine::Thread& thread, const engine::HeldLock& held,
                const engine::Event& event, bool shared, bool try_lock);
  void end_lives(const void* start, std::size_t size);
  void find_cycles();
  std::vector<std::uint32_t> clock_at(engine::ThreadId thread, std::uint32_t position) const;
  bool ordered(engine::ThreadId first, std::uint32_t first_at, engine::ThreadId second,
               std::uint32_t second_at) const;
  bool takes_a_detour(const std::vector<const Edge*>& circle) const;
  bool share_gate(const Edge& one, const Edge& other) const;
  const char* refute(const std::vector<const Edge*>& circle) const;
  const char* refute_same_thread(const std::vector<const Edge*>& circle) const;
  bool has_other_writer(const void* lock, const std::vector<const Edge*>& circle) const;
  void keep(const std::vector<const Edge*>& circle);
  void write_finding(const LockCycle& cycle);

  bool report_;
  engine::Engine* engine_ = nullptr;
  std::vector<Edge> edges_;
  std::vector<Held> gates_;
  std::vector<Sync> syncs_;
  std::vector<Writer> writers_;
  bool reads_seen_ = false;            // in any run: writers are not noted before
  AddressTable<std::uint32_t> lives_;  // by lock: how many locks have ended at this address
  AddressTable<std::uint8_t> known_;   // by hash: edges and writers that need no second entry
  const void* lowest_ = nullptr;       // of the locks with edges
  const void* highest_ = nullptr;
  bool leads_on_ = false;            // some edge goes into a lock that another goes out of
  AddressTable<std::uint8_t> ends_;  // by lock: bit 0 an edge goes out, bit 1 one comes in
  std::vector<LockCycle> cycles_;
  std::vector<std::uint64_t> reported_in_;  // by cycle: the last run that reported it
  std::uint64_t run_ = 0;
  std::size_t judged_ = 0;  // circles of this run
};

}  // namespace chicane::monitors
