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

inline RaceDetector::ThreadState* RaceDetector::state(engine::ThreadId id) {
  if (id >= kMaxThreads) [[unlikely]]
    return nullptr;
  ThreadState& thread = threads_[id];
  if (thread.run != run_) [[unlikely]]
    start(thread, id);
  return &thread;
}

/// What most accesses need; `settle_among` takes those to bytes between others, `touch_cell` the
/// rest.
[[gnu::always_inline]] inline RaceDetector::Settled RaceDetector::settle(
    const ThreadState& thread, Cell& cell, std::uint64_t key, AccessKind kind,
    std::uint64_t about) const {
  constexpr std::uint64_t kThreadAndMask = 0xff'ffff, kMask = 0xff;
  Record* const slot = cell.slot;
  // Field by field: a wider load would have to wait until both have left the store buffer.
  const auto put = [key, about](Record& to) {
    to.key = key;
    to.about = about;
    return Settled::kYes;
  };
  const auto in_order = [&](const Record& record) {
    return record.segment() <= thread.clock.get(record.thread());
  };
  if (slot[0].key < first_key_) return put(slot[0]);
  const std::uint64_t first_difference = slot[0].key ^ key;
  if (slot[1].key < first_key_) {
    const bool own = (first_difference & kThreadAndMask) == 0;
    if (own && says_already(slot[0], key, kind)) return Settled::kBefore;
    if ((first_difference & kMask) != 0) return settle_among(thread, cell, key, kind, about);
    if (!own && !in_order(slot[0])) return Settled::kNo;
    const std::uint32_t before = slot[0].kind();
    if (before == kind) return put(slot[0]);
    if (((before | kind) & 2) != 0) return Settled::kNo;
    // A write covers the read before it, a read stands beside the write.
    return put(slot[kind == kPlainRead ? 1 : 0]);
  }
  const std::uint64_t difference = slot[1].key ^ key;
  if (slot[2].key >= first_key_ || ((first_difference | difference) & kMask) != 0) {
    return settle_among(thread, cell, key, kind, about);
  }
  const std::uint32_t before = slot[1].kind(), first = slot[0].kind();
  const bool own = (difference & kThreadAndMask) == 0;
  if (own) {
    // What stands before it was compared with it then, and comes before this one too.
    if (slot[1].raced()) return Settled::kNo;
    if (says_already(slot[1], key, kind)) return Settled::kBefore;
    if (before == kind) return put(slot[1]);
  } else {
    if (!in_order(slot[1]) || !in_order(slot[0])) return Settled::kNo;
    // In another thread's place (a lock's data); what stands before it, say the initialization,
    // stays.
    if (before == kind) {
      const bool stays = kind != kPlainWrite && first != kAtomicRead && first != kind;
      return stays ? put(slot[1]) : Settled::kNo;
    }
  }
  // A write covers the read, and the write that the read stood beside.
  if (kind != kPlainWrite || before != kPlainRead || first != kPlainWrite) return Settled::kNo;
  slot[1].key = 0;
  return put(slot[0]);
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

[[gnu::always_inline]] inline bool RaceDetector::begin_step(engine::ThreadId id,
                                                            const Origin& origin) {
  if (origin.step == now_.step && origin.pc >> 32 == now_.pc_high) return false;
  const ThreadState* thread = state(id);
  if (thread == nullptr) [[unlikely]]
    return false;
  begin_step(*thread, origin);
  return true;
}

[[gnu::always_inline]] inline bool RaceDetector::quick_access(std::uint64_t address,
                                                              std::size_t size, AccessKind kind,
                                                              std::uint64_t pc,
                                                              std::uint64_t step) {
  const unsigned offset = address & 7;
  if (step != now_.step || pc >> 32 != now_.pc_high || offset + size > 8) [[unlikely]]
    return false;
  Cell* cell = shadow_.cell_at_once(address);
  if (cell == nullptr) [[unlikely]]
    return false;
  const unsigned mask = (0xffu >> (8 - size)) << offset;
  const Settled settled =
      settle(*now_.thread, *cell, now_.thread->epoch | mask, kind, now_.about(pc, kind));
  if (settled == Settled::kBefore && (kind & 2) == 0) engine::note_seen(address, size, kind & 1);
  return settled != Settled::kNo;
}

}  // namespace chicane::monitors
