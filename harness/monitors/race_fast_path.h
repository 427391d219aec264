// SPDX-License-Identifier: Apache-2.0
//
// The race detector's quick way: what nearly all accesses need, to be inlined where they come in.
// An access is settled here when the cell's records (none, one or two) are of the same bytes, and
// every conflicting one happens before it; the cell is then as the long way (race_access.cc) would
// leave it, and the long way takes all others.
//
// Thread safety, invariants, cost: race_detector.h.
#pragma once

#include "engine/seen_accesses.h"
#include "monitors/race_detector.h"

namespace chicane::monitors {

// Aligned, so that a thread's number is turned into its address by a shift.
struct alignas(128) RaceDetector::ThreadState {
  std::uint64_t run;    // what follows is void unless this is the run's number
  std::uint64_t epoch;  // the key of its records, without mask
  VectorClock clock;
  VectorClock released_by_fence;      // F_rel: what a relaxed store of it publishes
  VectorClock seen_relaxed;           // F_acq: what an acquire fence would learn
  Segment room[VectorClock::kBlock];  // `clock`'s, while the threads are few

  engine::ThreadId id() const { return (epoch >> 8) & Record::kLinkThread; }
  Segment segment() const { return epoch >> 24; }
};

/// A synchronization object's clock. While `owner_segment` is not 0, the clock is what `owner` knew
/// when it ended that segment: whoever knows that segment knows the whole clock.
struct RaceDetector::SyncObject {
  std::uint64_t key;  // address * 2, plus 1 for an atomic
  SyncObject* next;   // in its bucket
  SyncObject* older;  // in the run
  Segment owner_segment;
  engine::ThreadId owner;
  std::uint32_t size;
  VectorClock clock;
  Segment room[VectorClock::kBlock];  // `clock`'s, while the threads are few
  // Of the atomic's cell, as the last quick update left it, if all there was in order: the keys of
  // its two records, a plain one and the update's own. Else 0.
  std::uint64_t below_key, last_key;

  std::uint64_t address() const { return key >> 1; }
  bool is_atomic() const { return (key & 1) != 0; }
  void clear() {
    clock.clear();
    owner_segment = 0;
  }
};

// Of a record's key.
inline constexpr std::uint64_t kThreadAndMask = 0xff'ffff, kMask = 0xff;

inline bool RaceDetector::in_order(const ThreadState& thread, const Record& record) {
  return record.segment() <= thread.clock.get(record.thread());
}

inline RaceDetector::ThreadState* RaceDetector::state(engine::ThreadId id) {
  if (id >= kMaxThreads) [[unlikely]]
    return nullptr;
  ThreadState& thread = threads_[id];
  if (thread.run != run_) [[unlikely]]
    start(thread, id);
  return &thread;
}

// Field by field: a wider load would have to wait until both have left the store buffer.
[[gnu::always_inline]] inline RaceDetector::Settled RaceDetector::put(Record& to, std::uint64_t key,
                                                                      std::uint64_t about) {
  to.key = key;
  to.about = about;
  return Settled::kYes;
}

/// Where there is no record, or one, of the same bytes. Without a call and with few variables:
/// whoever inlines it then needs no stack frame.
[[gnu::always_inline]] inline RaceDetector::Settled RaceDetector::settle_first(
    const ThreadState& thread, Cell& cell, std::uint64_t key, AccessKind kind,
    std::uint64_t about) const {
  Record* const slot = cell.slot;
  if (slot[0].key < first_key_) return put(slot[0], key, about);
  if (slot[1].key >= first_key_) return Settled::kMore;
  const std::uint64_t difference = slot[0].key ^ key;
  if ((difference & kThreadAndMask) == 0) {
    if (says_already(slot[0], key, kind)) return Settled::kBefore;
  } else if ((difference & kMask) != 0) {
    return Settled::kMore;
  } else if (!in_order(thread, slot[0])) {
    return Settled::kNo;
  }
  const std::uint32_t before = slot[0].kind();
  if (before == kind) return put(slot[0], key, about);
  // An atomic stands beside the plain one before it.
  if ((kind & 2) != 0 && (before & 2) == 0) return put(slot[1], key, about);
  if (((before | kind) & 2) != 0) return Settled::kNo;
  // A write covers the read before it, a read stands beside the write.
  return put(slot[kind == kPlainRead ? 1 : 0], key, about);
}

/// Where there are two, of the same bytes.
[[gnu::always_inline]] inline RaceDetector::Settled RaceDetector::settle_second(
    const ThreadState& thread, Cell& cell, std::uint64_t key, AccessKind kind,
    std::uint64_t about) const {
  Record* const slot = cell.slot;
  const std::uint64_t difference = slot[1].key ^ key;
  const bool others = (((slot[0].key ^ key) | difference) & kMask) != 0;
  if (slot[1].key < first_key_ || slot[2].key >= first_key_ || others) return Settled::kMore;
  const std::uint32_t before = slot[1].kind(), first = slot[0].kind();
  // A read beside the atomic write, whoever made that: it covers none but atomic reads.
  const bool beside = kind == kAtomicRead && before == kAtomicWrite && first != kAtomicRead;
  if ((difference & kThreadAndMask) == 0) {
    // What stands before it was compared with it then, and comes before this one too.
    if (slot[1].raced()) return Settled::kNo;
    if (says_already(slot[1], key, kind)) return Settled::kBefore;
    if (before == kind) return put(slot[1], key, about);
  } else {
    if (!in_order(thread, slot[1]) || !in_order(thread, slot[0])) return Settled::kNo;
    // In another thread's place (a lock's data); what stands before it, say the initialization,
    // stays.
    if (before == kind) {
      const bool stays = kind != kPlainWrite && first != kAtomicRead && first != kind;
      return stays ? put(slot[1], key, about) : Settled::kNo;
    }
  }
  if (beside) return put(slot[2], key, about);
  // A write covers the read, and the write that the read stood beside.
  if (kind != kPlainWrite || before != kPlainRead || first != kPlainWrite) return Settled::kNo;
  slot[1].key = 0;
  return put(slot[0], key, about);
}

/// What most accesses need; `settle_among` takes those to bytes between others, `touch_cell` the
/// rest.
[[gnu::always_inline]] inline RaceDetector::Settled RaceDetector::settle(
    const ThreadState& thread, Cell& cell, std::uint64_t key, AccessKind kind,
    std::uint64_t about) const {
  Settled settled = settle_first(thread, cell, key, kind, about);
  if (settled == Settled::kMore) settled = settle_second(thread, cell, key, kind, about);
  return settled == Settled::kMore ? settle_among(thread, cell, key, kind, about) : settled;
}

[[gnu::always_inline]] inline void RaceDetector::begin_step(const ThreadState& thread,
                                                            const Origin& origin) {
  const std::uint64_t high = origin.pc >> 32;
  if (high != now_.pc_high) [[unlikely]]
    note_pc_high(high);
  const std::uint64_t step = origin.step >> Record::kStepBits == 0 ? origin.step : 0;
  now_.step = origin.step;
  now_.thread = &thread;
  now_.common = now_.pc_high_bits |
                Record::make_about(0, 0, kPlainRead, origin.held < 3 ? origin.held : 3, step);
}

[[gnu::always_inline]] inline bool RaceDetector::begin_step_at_once(engine::ThreadId id,
                                                                    const Origin& origin) {
  const ThreadState& thread = threads_[id < kMaxThreads ? id : 0];
  const bool new_to_it = id >= kMaxThreads || thread.run != run_ || origin.pc >> 32 != now_.pc_high;
  if (new_to_it) [[unlikely]]
    return false;
  begin_step(thread, origin);
  return true;
}

[[gnu::always_inline]] inline RaceDetector::Place RaceDetector::place(std::uint64_t address,
                                                                      std::size_t size,
                                                                      AccessKind kind,
                                                                      std::uint64_t pc) {
  const unsigned offset = address & 7;
  if (offset + size > 8) [[unlikely]]
    return {};
  static constexpr std::uint8_t kBytes[] = {0x00, 0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff};
  const std::uint64_t mask = std::uint32_t{kBytes[size]} << offset;
  return {shadow_.cell_at_once(address), now_.thread->epoch | mask, now_.about(pc, kind)};
}

template <bool kSecond>
[[gnu::always_inline]] inline bool RaceDetector::quick_access(const Place& place,
                                                              std::uint64_t address,
                                                              std::size_t size, AccessKind kind) {
  const ThreadState& thread = *now_.thread;
  const Settled settled = kSecond ? settle_second(thread, *place.cell, place.key, kind, place.about)
                                  : settle_first(thread, *place.cell, place.key, kind, place.about);
  if (settled == Settled::kBefore) engine::note_seen(address, size, kind & 1);
  return settled == Settled::kYes || settled == Settled::kBefore;
}

/// Begins the thread's next segment: what it does from now on is not what it has published.
[[gnu::always_inline]] inline void RaceDetector::advance(ThreadState& thread) {
  const engine::ThreadId id = thread.id();
  engine::forget_seen();
  thread.clock.advance(id, ++last_segment_);
  thread.epoch = Record::make_key(last_segment_, id);
}

[[gnu::always_inline]] inline bool RaceDetector::quick_update(engine::ThreadId id,
                                                              std::uint64_t address,
                                                              std::size_t size,
                                                              const Origin& origin) {
  ThreadState& thread = threads_[id < kMaxThreads ? id : 0];
  const bool new_to_it = id >= kMaxThreads || thread.run != run_ || origin.pc >> 32 != now_.pc_high;
  if (new_to_it || last_key_ != (address << 1 | 1) || last_sync_ == nullptr) return false;
  SyncObject& sync = *last_sync_;
  if (!thread.clock.is_one_block() || !sync.clock.is_one_block()) return false;
  begin_step(thread, origin);
  const Place at = place(address, size, kAtomicWrite, origin.pc);
  if (at.cell == nullptr) return false;
  // As `learn_and_publish`: whoever knows the owner's segment knows the clock.
  thread.clock.share_block(sync.clock);
  sync.owner = id;
  sync.owner_segment = thread.segment();
  sync.size = static_cast<std::uint32_t>(size);
  // All that is recorded was in order for who made the last update, and what that knew came with
  // the clock.
  Record* const slot = at.cell->slot;
  const bool in_turn = slot[1].key == sync.last_key && slot[0].key == sync.below_key &&
                       ((slot[1].key ^ at.key) & kMask) == 0 && slot[2].key < first_key_;
  if (in_turn) {
    put(slot[1], at.key, at.about);
    sync.last_key = at.key;
  } else {
    place_access(at.cell, at.key, at.about, address, size, kAtomicWrite);
    const bool two = slot[1].key == at.key && slot[2].key < first_key_;
    const bool plain_below = (slot[0].kind() & 2) == 0 && in_order(thread, slot[0]);
    const bool own_above = slot[1].kind() == kAtomicWrite && !slot[1].raced();
    sync.below_key = slot[0].key;
    sync.last_key = two && plain_below && own_above ? at.key : 0;
  }
  advance(thread);
  return true;
}

}  // namespace chicane::monitors
