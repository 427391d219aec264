// SPDX-License-Identifier: Apache-2.0
//
// The core of the race monitor: which accesses does nothing order? It follows FastTrack (Flanagan
// and Freund, PLDI 2009) in comparing epochs instead of clocks, and C++20 in what orders: edges of
// synchronization objects, atomics with their memory orders, release sequences, fences.
//
//     operation on an atomic x by t        reads from x's clock X           writes to X
//     load relaxed                         F_acq(t) += X                    -
//     load acquire                         C(t) += X                        -
//     store relaxed                        -                                X  = F_rel(t)
//     store release                        -                                X  = C(t)
//     read-modify-write                    as the load                      X += as the store
//     fence acquire                        C(t) += F_acq(t)                 -
//     fence release                        -                                F_rel(t) = C(t)
//
// An access is kept as long as a later one could race with it and with nothing that is kept
// already, byte by byte. So the answer is exact, also after a first race, and does not depend on
// the order in which readers come: an access is reported if and only if an earlier one conflicts
// with it, on at least one byte, and does not happen before it. For each byte at least one such
// earlier access is named.
//
// Knows nothing of the engine, so that a test can drive it (race_test.cc holds it against a
// brute-force computation of happens-before).
//
// Thread safety: engine context.
// Invariants:
//   I1. Atomic accesses never race with each other; an atomic and a plain one do, if one writes.
//   I2. A plain write to an atomic's bytes ends its release sequences.
//   I3. `begin_run` takes constant time; nothing of an earlier run is ever reported.
//   I4. Up to kMaxThreads threads are told apart; accesses of later ones are not looked at.
// Cost: 2 ns for an access that says nothing new, else 3 to 10 ns; 5 ns an edge between few
// threads, 0.4 ns per thread and edge between many.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/monitor.h"
#include "monitors/shadow.h"
#include "monitors/vector_clock.h"

namespace chicane::monitors {

/// What a report says of an access beside its bytes.
struct Origin {
  std::uint64_t pc;    // a guess where code lies in more than 16 places 4 GiB apart
  std::uint64_t step;  // kept if below 2^23, else 0
  std::uint32_t held;  // locks held; kept as at most 3
};

/// One of the two accesses of a race.
struct RacingAccess {
  engine::ThreadId thread;
  AccessKind kind;
  Origin origin;
};

struct Race {
  std::uint64_t granule;  // an address, a multiple of 8
  unsigned mask;          // which of the 8 bytes both touch
  RacingAccess now, before;
};

class RaceDetector {
 public:
  class Listener {
   public:
    virtual void on_race(const Race& race) = 0;

   protected:
    ~Listener() = default;
  };
  static constexpr engine::ThreadId kMaxThreads = Record::kLinkThread - 1;
  /// In the place of a thread: what freed memory. Nothing is ordered behind it.
  static constexpr engine::ThreadId kFreed = kMaxThreads;

  explicit RaceDetector(Listener& listener);
  ~RaceDetector();
  RaceDetector(const RaceDetector&) = delete;
  RaceDetector& operator=(const RaceDetector&) = delete;

  void begin_run();
  /// Where an access is recorded, and as what.
  struct Place {
    Cell* cell = nullptr;  // null: not in one cell, or not to be found at a glance
    std::uint64_t key = 0, about = 0;
  };
  /// Whether `begin_step` was called in this step, for code near `pc`.
  bool has_begun(std::uint64_t step, std::uint64_t pc) const {
    return step == now_.step && pc >> 32 == now_.pc_high;
  }
  /// Before the thread's first plain access in a step that has a `place`. False: it is one for
  /// `access`.
  bool begin_step_at_once(engine::ThreadId thread, const Origin& origin);
  Place place(std::uint64_t address, std::size_t size, AccessKind kind, std::uint64_t pc);
  /// A plain access, quickly (race_fast_path.h): where at most one access is recorded, or two.
  /// False: nothing has been done, `place_access` does.
  template <bool kSecond>
  bool quick_access(const Place& place, std::uint64_t address, std::size_t size, AccessKind kind);
  void place_access(Cell* cell, std::uint64_t key, std::uint64_t about, std::uint64_t address,
                    std::size_t size, AccessKind kind);
  /// `size` is not 0.
  void access(engine::ThreadId thread, std::uint64_t address, std::size_t size, AccessKind kind,
              const Origin& origin);
  /// An atomic read-modify-write that acquires and releases, quickly (race_fast_path.h): of the
  /// object that was accessed last, among few threads. False: nothing has been done, `atomic` does.
  bool quick_update(engine::ThreadId thread, std::uint64_t address, std::size_t size,
                    const Origin& origin);
  /// Of kind kAtomicLoad, kAtomicStore, or any other for read-modify-write.
  void atomic(const engine::AtomicAccess& access, const Origin& origin);
  void fence(engine::ThreadId thread, engine::MemoryOrder order);
  void acquire(engine::ThreadId thread, std::uint64_t sync);
  void release(engine::ThreadId thread, std::uint64_t sync);
  void release_store(engine::ThreadId thread, std::uint64_t sync);
  /// `created` is to do its first event: what `creator` did until now happens before.
  void fork(engine::ThreadId creator, engine::ThreadId created);
  /// All that `ended` did happens before what `thread` does from now on.
  void join(engine::ThreadId thread, engine::ThreadId ended);
  /// Whether all that `ended` did happens before what `thread` does now.
  bool knows_end(engine::ThreadId thread, engine::ThreadId ended);
  /// Freed memory: until it is given out anew (`forget`), every access to it is reported as if it
  /// raced with a write by kFreed, after any race with those who really wrote.
  void retire(std::uint64_t address, std::size_t size, const Origin& origin);
  /// A plain write by `thread`, then `retire`. `address` is a multiple of 8.
  void write_and_retire(engine::ThreadId thread, std::uint64_t address, std::size_t size,
                        const Origin& origin);
  /// New memory: accesses to it and synchronization objects in it are void.
  void forget(std::uint64_t address, std::size_t size);

 private:
  struct ThreadState;
  struct SyncObject;
  struct Bucket;
  struct Access;

  ThreadState* state(engine::ThreadId thread);
  void start(ThreadState& thread, engine::ThreadId id);
  void start(ThreadState& thread, engine::ThreadId id, const VectorClock& known);
  void advance(ThreadState& thread);

  /// Whether an access is settled: the cell is as the long way would leave it.
  enum class Settled : std::uint8_t {
    kNo,
    kYes,
    kBefore,  // yes, and it was so before: the thread's own record says all
    kMore,    // there are more records than were looked at
  };
  static Settled put(Record& to, std::uint64_t key, std::uint64_t about);
  static bool in_order(const ThreadState& thread, const Record& record);
  Settled settle(const ThreadState& thread, Cell& cell, std::uint64_t key, AccessKind kind,
                 std::uint64_t about) const;
  Settled settle_first(const ThreadState& thread, Cell& cell, std::uint64_t key, AccessKind kind,
                       std::uint64_t about) const;
  Settled settle_second(const ThreadState& thread, Cell& cell, std::uint64_t key, AccessKind kind,
                        std::uint64_t about) const;
  Settled settle_among(const ThreadState& thread, Cell& cell, std::uint64_t key, AccessKind kind,
                       std::uint64_t about) const;
  /// Whether the thread's own record `own` has all that the access would say. (Atomic writes are
  /// kept beside plain ones.)
  static bool says_already(const Record& own, std::uint64_t key, AccessKind kind) {
    return own.key == key && own.kind() >= kind && (own.kind() | 1) == (kind | 1);
  }
  void slow_access(const ThreadState& thread, Cell& cell, std::uint64_t address, unsigned mask,
                   std::uint64_t about);
  void touch_cell(Access& access, Cell& cell, std::uint64_t address, unsigned mask);
  void touch_list(Access& access, Cell& cell, unsigned mask);
  static bool is_one_more(const Access& access, const RecordList& list);
  static bool replace_by(const VectorClock& clock, std::uint64_t first_key, Cell& cell,
                         const Record& write, std::uint64_t freed_key);
  void write_and_retire_cell(const ThreadState& thread, Cell& cell, std::uint64_t granule,
                             const Record& write, const Record& freed);
  void append(const Access& access, Cell& cell, unsigned mask);
  void append_to_list(const Access& access, RecordList& list, unsigned mask);
  void spill(const Access& access, Cell& cell, unsigned mask);
  bool visit(Access& access, Record& record, unsigned mask);
  void report(const Access& access, const Record& record, unsigned mask);
  void end_release_sequences(std::uint64_t granule, unsigned mask);
  void forget_cells(std::uint64_t address, std::uint64_t end);
  void forget_syncs(std::uint64_t address, std::uint64_t end);
  std::uint32_t find_pc_high(std::uint64_t high);
  void note_pc_high(std::uint64_t high);
  void begin_step(const ThreadState& thread, const Origin& origin);
  RacingAccess racing(const Record& record) const;

  Bucket& bucket(std::uint64_t line);
  SyncObject* find_sync(std::uint64_t key);
  SyncObject& make_sync(std::uint64_t key);
  void learn(ThreadState& thread, const SyncObject& sync, VectorClock& into);
  SyncObject* learn_and_publish(ThreadState& thread, std::uint64_t key, SyncObject* sync);
  void atomic_access(const ThreadState& thread, std::uint64_t address, std::size_t size,
                     AccessKind kind, const Origin& origin);
  SyncObject* publish(ThreadState& thread, std::uint64_t key, SyncObject* sync, bool merge,
                      bool releases);

  Listener& listener_;
  Shadow shadow_;
  Arena arena_;
  ThreadState* threads_;
  Bucket* buckets_;
  SyncObject* newest_sync_ = nullptr;
  std::uint64_t last_key_ = ~std::uint64_t{0};  // whom `find_sync` was asked for last,
  SyncObject* last_sync_ = nullptr;             // and what it found
  std::size_t sync_count_ = 0;
  std::uint64_t run_ = 0;
  Segment last_segment_ = 0;
  std::uint64_t first_key_ = 0;  // records below it are void
  /// What the accesses of one step have in common. A step is one thread's, and the locks that it
  /// holds do not change between its accesses.
  struct Now {
    std::uint64_t step = ~std::uint64_t{0};
    std::uint64_t pc_high = ~std::uint64_t{0};  // of their code addresses
    std::uint64_t pc_high_bits = 0;             // that in Record::about
    const ThreadState* thread = nullptr;
    std::uint64_t common = 0;  // of Record::about

    std::uint64_t about(std::uint64_t pc, AccessKind kind) const {
      return common | (pc & 0xffff'ffff) | std::uint64_t{kind} << 32;
    }
  } now_;
  std::uint64_t pc_highs_[16] = {};  // upper halves of the code addresses seen, for Record::pc_high
  std::uint32_t pc_high_count_ = 0;
};

}  // namespace chicane::monitors
