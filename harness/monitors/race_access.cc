// SPDX-License-Identifier: Apache-2.0
//
// The race detector's long way of an access through the cells, and what new memory forgets.
#include "monitors/race_fast_path.h"

namespace chicane::monitors {

using engine::ThreadId;

/// An access on its way through the cells.
struct RaceDetector::Access {
  Record record;  // its mask is empty
  const ThreadState* thread;
  std::uint64_t granule;
  bool present;  // a record says it already

  // Field by field: a wider load would have to wait until the fields have left the store buffer.
  void write_to(Record& to, unsigned mask) const {
    to.key = record.key | mask;
    to.about = record.about;
  }
};

namespace {

/// Whether two accesses to one byte could race.
bool conflict(std::uint32_t a, std::uint32_t b) { return ((a | b) & 1) != 0 && (a & b & 2) == 0; }

/// Whether everything that conflicts with `weak` conflicts with `strong`.
bool covers(std::uint32_t strong, std::uint32_t weak) {
  return strong == kPlainWrite || weak == kAtomicRead || strong == weak;
}

}  // namespace

[[gnu::noinline]] std::uint32_t RaceDetector::find_pc_high(std::uint64_t high) {
  std::uint32_t i = 0;
  while (i < pc_high_count_ && pc_highs_[i] != high) ++i;
  if (i == std::size(pc_highs_)) return i - 1;
  if (i == pc_high_count_) pc_highs_[pc_high_count_++] = high;
  return i;
}

[[gnu::noinline]] void RaceDetector::note_pc_high(std::uint64_t high) {
  now_.step = ~std::uint64_t{0};  // what the step's accesses had in common had the other half
  now_.pc_high = high;
  now_.pc_high_bits = Record::make_about(0, find_pc_high(high), kPlainRead, 0, 0);
}

/// `settle` for a cell with records of other bytes, which do not concern the access: its neighbours
/// in an array, or in a structure.
[[gnu::noinline]] RaceDetector::Settled RaceDetector::settle_among(const ThreadState& thread,
                                                                   Cell& cell, std::uint64_t key,
                                                                   AccessKind kind,
                                                                   std::uint64_t about) const {
  Record* const slot = cell.slot;
  Record *first = nullptr, *second = nullptr;  // of the same bytes
  unsigned count = 0;
  for (; count < Cell::kInline && slot[count].key >= first_key_; ++count) {
    Record& record = slot[count];
    const unsigned bytes = record.mask(), common = bytes & key & 0xff;
    if (bytes == 0) return Settled::kNo;  // a list's link, or what was forgotten
    if (common == 0) continue;
    if (bytes != (key & 0xff) || second != nullptr) return Settled::kNo;
    (first == nullptr ? first : second) = &record;
  }
  const auto put = [key, about](Record& to) {
    to.key = key;
    to.about = about;
    return Settled::kYes;
  };
  const auto put_last = [&] { return count < Cell::kInline ? put(slot[count]) : Settled::kNo; };
  const auto is_own = [&](const Record& record) { return ((record.key ^ key) & 0xff'ffff) == 0; };
  const auto in_order = [&](const Record& record) {
    return is_own(record) || record.segment() <= thread.clock.get(record.thread());
  };
  if (first == nullptr) return put_last();
  Record& last = second == nullptr ? *first : *second;
  if (is_own(last) && !last.raced() && says_already(last, key, kind)) return Settled::kBefore;
  if (last.raced() || !in_order(last) || !in_order(*first)) return Settled::kNo;
  if (second != nullptr || ((last.kind() | kind) & 2) != 0) return Settled::kNo;
  if (last.kind() == kind || kind == kPlainWrite) return put(last);
  return put_last();  // a read beside the write
}

void RaceDetector::access(ThreadId id, std::uint64_t address, std::size_t size, AccessKind kind,
                          const Origin& origin) {
  const ThreadState* thread = state(id);
  if (thread == nullptr) return;
  begin_step(*thread, origin);
  const std::uint64_t about = now_.about(origin.pc, kind), end = address + size;
  const std::uint64_t epoch = thread->epoch;
  Cell* cell = nullptr;
  unsigned mask = (0xffu << (address & 7)) & 0xff;
  for (std::uint64_t granule = address & ~std::uint64_t{7}; granule < end; granule += 8) {
    const bool next_to_last = cell != nullptr && (granule & (Shadow::kChunk - 1)) != 0;
    cell = next_to_last ? cell + 1 : shadow_.cell(granule);
    if (end - granule < 8) mask &= (1u << (end - granule)) - 1;
    if (settle(*thread, *cell, epoch | mask, kind, about) == Settled::kNo) {
      slow_access(*thread, *cell, granule, mask, about);
    }
    mask = 0xff;
  }
}

void RaceDetector::place_access(Cell* cell, std::uint64_t key, std::uint64_t about,
                                std::uint64_t address, std::size_t size, AccessKind kind) {
  const ThreadState& thread = *now_.thread;
  const Settled settled = settle(thread, *cell, key, kind, about);
  if (settled == Settled::kBefore && (kind & 2) == 0) engine::note_seen(address, size, kind & 1);
  if (settled == Settled::kNo) {
    slow_access(thread, *cell, address & ~std::uint64_t{7}, key & kMask, about);
  }
}

[[gnu::noinline]] void RaceDetector::slow_access(const ThreadState& thread, Cell& cell,
                                                 std::uint64_t address, unsigned mask,
                                                 std::uint64_t about) {
  Access access{{thread.epoch, about}, &thread, 0, false};
  touch_cell(access, cell, address, mask);
}

/// Holds `record` against the access. True: nothing is left of the record.
inline bool RaceDetector::visit(Access& access, Record& record, unsigned mask) {
  const unsigned common = record.mask() & mask;
  if (common == 0) return record.mask() == 0;  // `forget` leaves empty ones
  const std::uint32_t kind = access.record.kind(), old = record.kind();
  const std::uint64_t difference = record.key ^ access.record.key;
  if (((difference >> 8) & 0xffff) == 0) {  // its own, so before it
    // A later one of the same segment adds nothing. (Atomic writes are kept beside plain ones:
    // plain writes look for them.)
    if (difference >> 24 == 0 && common == mask && covers(old, kind) && ((old ^ kind) & 2) == 0) {
      access.present = true;
      return false;
    }
  } else if (record.segment() > access.thread->clock.get(record.thread())) {
    if (conflict(kind, old)) {
      report(access, record, common);
      access.record.set_raced();
    }
    if (kind == kPlainWrite && old == kAtomicWrite) end_release_sequences(access.granule, common);
    return false;
  }
  if (kind == kPlainWrite && old == kAtomicWrite) end_release_sequences(access.granule, common);
  // Whoever races with the old one from now on races with this one as well.
  if (covers(kind, old)) record.key &= ~std::uint64_t{mask};
  return record.mask() == 0;
}

inline void RaceDetector::touch_cell(Access& access, Cell& cell, std::uint64_t address,
                                     unsigned mask) {
  access.granule = address & ~std::uint64_t{7};
  access.present = false;
  if (cell.is_list(first_key_)) [[unlikely]]
    return touch_list(access, cell, mask);
  unsigned kept = 0, i = 0;
  for (; i < Cell::kInline && cell.slot[i].key >= first_key_; ++i) {
    if (visit(access, cell.slot[i], mask)) continue;
    if (kept != i) cell.slot[kept] = cell.slot[i];
    ++kept;
  }
  if (!access.present) {
    if (kept == Cell::kInline) return spill(access, cell, mask);
    access.write_to(cell.slot[kept++], mask);
  }
  for (; kept < i; ++kept) cell.slot[kept].key = 0;
}

/// The granule's records, and one more, go to a list.
void RaceDetector::spill(const Access& access, Cell& cell, unsigned mask) {
  constexpr std::uint32_t kCapacity = 8;
  auto* list = static_cast<RecordList*>(arena_.allocate(sizeof(RecordList)));
  list->records = static_cast<Record*>(arena_.allocate(kCapacity * sizeof(Record)));
  list->capacity = kCapacity;
  list->count = Cell::kInline + 1;
  std::copy_n(cell.slot, Cell::kInline, list->records);
  access.write_to(list->records[Cell::kInline], mask);
  cell.clear();
  cell.set_list(list, Record::make_key(access.record.segment(), Record::kLinkThread));
}

/// Whether an access only adds to the list: it races with none of it and covers none (one of many
/// readers of an atomic).
bool RaceDetector::is_one_more(const Access& access, const RecordList& list) {
  const std::uint32_t kind = access.record.kind(), own = access.record.thread();
  const VectorClock clock = access.thread->clock;
  for (const Record *record = list.records, *const end = record + list.count; record != end;
       ++record) {
    const std::uint32_t old = record->kind(), thread = record->thread();
    const bool ordered = record->segment() <= clock.get(thread);
    if (ordered ? covers(kind, old) || thread == own : conflict(kind, old)) return false;
  }
  return true;
}

void RaceDetector::touch_list(Access& access, Cell& cell, unsigned mask) {
  RecordList& list = *cell.list();
  if (is_one_more(access, list)) return append_to_list(access, list, mask);
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < list.count; ++i) {
    if (!visit(access, list.records[i], mask)) list.records[kept++] = list.records[i];
  }
  list.count = kept;
  if (!access.present) append_to_list(access, list, mask);
  if (list.count >= Cell::kInline) return;
  cell.clear();
  std::copy_n(list.records, list.count, cell.slot);
}

void RaceDetector::append_to_list(const Access& access, RecordList& list, unsigned mask) {
  if (list.count == list.capacity) {
    auto* larger = static_cast<Record*>(arena_.allocate(2 * list.capacity * sizeof(Record)));
    std::copy_n(list.records, list.count, larger);
    list.records = larger;
    list.capacity *= 2;
  }
  access.write_to(list.records[list.count++], mask);
}

/// Behind what is there, and compared with nothing.
void RaceDetector::append(const Access& access, Cell& cell, unsigned mask) {
  if (cell.is_list(first_key_)) return append_to_list(access, *cell.list(), mask);
  unsigned count = 0;
  while (count < Cell::kInline && cell.slot[count].key >= first_key_) ++count;
  if (count == Cell::kInline) return spill(access, cell, mask);
  access.write_to(cell.slot[count], mask);
}

void RaceDetector::retire(std::uint64_t address, std::size_t size, const Origin& origin) {
  engine::forget_seen();
  if (origin.pc >> 32 != now_.pc_high) note_pc_high(origin.pc >> 32);
  const std::uint64_t step = origin.step >> Record::kStepBits == 0 ? origin.step : 0;
  const std::uint64_t about =
      now_.pc_high_bits |
      Record::make_about(origin.pc, 0, kPlainWrite, origin.held < 3 ? origin.held : 3, step);
  const Access access{{Record::make_key(++last_segment_, kFreed), about}, nullptr, 0, false};
  // Blocks begin and end where granules do.
  Cell* cell = nullptr;
  for (std::uint64_t end = address + size; address < end; address += 8) {
    const bool next_to_last = cell != nullptr && (address & (Shadow::kChunk - 1)) != 0;
    cell = next_to_last ? cell + 1 : shadow_.cell(address);
    // Mostly there is the write of whoever freed it, and nothing else.
    Record* const slot = cell->slot;
    if (slot[0].key >= first_key_ && slot[0].mask() != 0 && slot[1].key < first_key_) [[likely]] {
      access.write_to(slot[1], 0xff);
    } else {
      append(access, *cell, 0xff);
    }
  }
}

/// A write to the whole of a granule, and that it was freed, in the place of all that is recorded
/// there. False, and nothing is done, unless all of that is plain and happens before.
[[gnu::always_inline]] inline bool RaceDetector::replace_by(const VectorClock& clock,
                                                            std::uint64_t first_key, Cell& cell,
                                                            const Record& write,
                                                            std::uint64_t freed_key) {
  Record* const slot = cell.slot;
  // As everywhere, the first of a segment's writes is the one that is kept.
  std::uint64_t about = write.about;
  unsigned count = 0;
  for (; count < Cell::kInline && slot[count].key >= first_key; ++count) {
    const Record& record = slot[count];
    if (record.segment() > clock.get(record.thread()) || (record.kind() & 2) != 0) return false;
    about = says_already(record, write.key, kPlainWrite) ? record.about : write.about;
  }
  if (count > 2) slot[2].key = slot[3].key = 0;
  put(slot[0], write.key, about);
  put(slot[1], freed_key, write.about);
  return true;
}

void RaceDetector::write_and_retire(ThreadId id, std::uint64_t address, std::size_t size,
                                    const Origin& origin) {
  const ThreadState* thread = state(id);
  if (thread == nullptr) return retire(address, size, origin);
  begin_step(*thread, origin);
  engine::forget_seen();
  const std::uint64_t about = now_.about(origin.pc, kPlainWrite);
  const Record write{thread->epoch | kMask, about};
  const Record freed{Record::make_key(++last_segment_, kFreed) | kMask, about};
  const std::uint64_t end = address + size;
  const bool in_one_chunk = (address ^ (end - 1)) >> Shadow::kChunkBits == 0;
  Cell* const cells = in_one_chunk ? shadow_.cell_at_once(address) : nullptr;
  if (cells == nullptr) [[unlikely]] {
    for (; address < end; address += 8) {
      write_and_retire_cell(*thread, *shadow_.cell(address), address, write, freed);
    }
    return;
  }
  // Copies, which stay in registers: what is written to the cells does not change them.
  const VectorClock clock = thread->clock;
  const std::uint64_t first_key = first_key_;
  for (Cell *cell = cells, *const last = cells + (size + 7) / 8; cell != last; ++cell) {
    if (replace_by(clock, first_key, *cell, write, freed.key)) [[likely]]
      continue;
    const auto granule = address + 8 * static_cast<std::uint64_t>(cell - cells);
    write_and_retire_cell(*thread, *cell, granule, write, freed);
  }
}

[[gnu::noinline]] void RaceDetector::write_and_retire_cell(const ThreadState& thread, Cell& cell,
                                                           std::uint64_t granule,
                                                           const Record& write,
                                                           const Record& freed) {
  if (settle(thread, cell, write.key, kPlainWrite, write.about) == Settled::kNo) {
    slow_access(thread, cell, granule, kMask, write.about);
  }
  append({{freed.key & ~kMask, freed.about}, nullptr, 0, false}, cell, kMask);
}

RacingAccess RaceDetector::racing(const Record& record) const {
  const std::uint64_t pc = pc_highs_[record.pc_high()] << 32 | record.pc_low();
  return {
      record.thread(), static_cast<AccessKind>(record.kind()), {pc, record.step(), record.held()}};
}

[[gnu::cold, gnu::noinline]] void RaceDetector::report(const Access& access, const Record& record,
                                                       unsigned mask) {
  listener_.on_race({access.granule, mask, racing(access.record), racing(record)});
}

// ---- new memory ----

void RaceDetector::forget(std::uint64_t address, std::size_t size) {
  if (size == 0) return;
  engine::forget_seen();
  const std::uint64_t end = address + size;
  const bool in_one_chunk = (address ^ (end - 1)) >> Shadow::kChunkBits == 0;
  Cell* cell = nullptr;
  constexpr std::size_t kSmall = 1024;
  if (in_one_chunk && ((address | end) & 7) == 0 && size <= kSmall) [[likely]] {
    cell = shadow_.cell_at_once(address);
  }
  if (cell != nullptr) {
    for (Cell* const last = cell + size / 8; cell != last; ++cell) cell->clear();
  } else {
    forget_cells(address, end);
  }
  if (sync_count_ != 0) forget_syncs(address, address + size);
}

void RaceDetector::forget_cells(std::uint64_t address, std::uint64_t end) {
  while (address < end) {
    const std::uint64_t chunk_end = (address | (Shadow::kChunk - 1)) + 1;
    const std::uint64_t part_end = std::min(end, chunk_end);
    Cell* cell = shadow_.existing_cell(address);
    if (cell != nullptr && (address & 7) == 0 && part_end - address >= 8) {
      const std::uint64_t count = (part_end - address) / 8;
      Shadow::clear(cell, count);
      address += count * 8;
    } else if (cell != nullptr) {  // some bytes of a granule
      const unsigned offset = address & 7;
      const std::uint64_t count = std::min<std::uint64_t>(8 - offset, part_end - address);
      const std::uint64_t mask = ((1u << count) - 1) << offset;
      const bool listed = cell->is_list(first_key_);
      Record* records = listed ? cell->list()->records : cell->slot;
      std::uint32_t valid = listed ? cell->list()->count : 0;
      if (!listed) {
        while (valid < Cell::kInline && records[valid].key >= first_key_) ++valid;
      }
      for (std::uint32_t i = 0; i < valid; ++i) records[i].key &= ~mask;
      address += count;
    } else {
      address = part_end;
    }
  }
}

}  // namespace chicane::monitors
