// SPDX-License-Identifier: Apache-2.0
#include "monitors/race_detector.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>

namespace chicane::monitors {

using engine::MemoryOrder;
using engine::OpKind;
using engine::ThreadId;

struct RaceDetector::ThreadState {
  std::uint64_t run;    // what follows is void unless this is the run's number
  std::uint64_t epoch;  // the key of its records, without mask
  Segment released;     // its last segment but one
  VectorClock clock;
  VectorClock released_by_fence;  // F_rel: what a relaxed store of it publishes
  VectorClock seen_relaxed;       // F_acq: what an acquire fence would learn

  ThreadId id() const { return (epoch >> 8) & Record::kLinkThread; }
};

/// A synchronization object's clock. While `owner_segment` is not 0, the clock is what `owner` knew
/// when it ended that segment: whoever knows that segment knows the whole clock.
struct RaceDetector::SyncObject {
  std::uint64_t key;  // address * 2, plus 1 for an atomic
  SyncObject* next;   // in its bucket
  SyncObject* older;  // in the run
  Segment owner_segment;
  ThreadId owner;
  std::uint32_t size;
  VectorClock clock;

  std::uint64_t address() const { return key >> 1; }
  bool is_atomic() const { return (key & 1) != 0; }
  void clear() {
    clock.clear();
    owner_segment = 0;
  }
};

/// Synchronization objects by the 16 bytes that their address lies in, so that those of a block of
/// memory are found without knowing their addresses.
struct RaceDetector::Bucket {
  std::uint64_t run;
  SyncObject* first;
};

/// An access on its way through the cells.
struct RaceDetector::Access {
  Record record;  // its mask is empty
  const ThreadState* thread;
  const Origin* origin;
  std::uint64_t granule;
  bool present;  // a record says it already

  // Field by field: a wider load would have to wait until the fields have left the store buffer.
  void write_to(Record& to, unsigned mask) const {
    to.key = record.key | mask;
    to.about = record.about;
  }
};

namespace {

constexpr std::size_t kBuckets = std::size_t{1} << 14;
constexpr unsigned kLineBits = 4;
constexpr Segment kSegmentsLeft = Segment{1} << (Record::kSegmentBits - 1);

void* map(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    std::fputs("chicane: no memory for the race monitor\n", stderr);
    std::abort();
  }
  return memory;
}

bool acquires(MemoryOrder order) {
  return order != MemoryOrder::kRelaxed && order != MemoryOrder::kRelease;
}
bool releases(MemoryOrder order) { return order >= MemoryOrder::kRelease; }

/// Whether two accesses to one byte could race.
bool conflict(std::uint32_t a, std::uint32_t b) { return ((a | b) & 1) != 0 && (a & b & 2) == 0; }

/// Whether everything that conflicts with `weak` conflicts with `strong`.
bool covers(std::uint32_t strong, std::uint32_t weak) {
  return strong == kPlainWrite || weak == kAtomicRead || strong == weak;
}

}  // namespace

RaceDetector::RaceDetector(Listener& listener)
    : listener_(listener),
      threads_(static_cast<ThreadState*>(map(kMaxThreads * sizeof(ThreadState)))),
      buckets_(static_cast<Bucket*>(map(kBuckets * sizeof(Bucket)))) {}

RaceDetector::~RaceDetector() {
  munmap(threads_, kMaxThreads * sizeof(ThreadState));
  munmap(buckets_, kBuckets * sizeof(Bucket));
}

void RaceDetector::begin_run() {
  ++run_;
  arena_.reset();
  newest_sync_ = nullptr;
  sync_count_ = 0;
  if (last_segment_ >= kSegmentsLeft) {  // once in hours: start numbering anew
    shadow_.clear_all();
    last_segment_ = 0;
  }
  first_key_ = Record::make_key(last_segment_ + 1, 0);
}

// ---- threads ----

inline RaceDetector::ThreadState* RaceDetector::state(ThreadId id) {
  if (id >= kMaxThreads) [[unlikely]]
    return nullptr;
  ThreadState& thread = threads_[id];
  if (thread.run != run_) [[unlikely]]
    start(thread, id);
  return &thread;
}

void RaceDetector::start(ThreadState& thread, ThreadId id) {
  thread.run = run_;
  thread.clock.drop();
  thread.released_by_fence.drop();
  thread.seen_relaxed.drop();
  thread.epoch = Record::make_key(0, id);
  advance(thread);
  listener_.on_thread(id);
}

/// Begins the thread's next segment: what it does from now on is not what it has published.
inline void RaceDetector::advance(ThreadState& thread) {
  const ThreadId id = thread.id();
  thread.released = thread.clock.get(id);
  thread.clock.set(arena_, id, ++last_segment_);
  thread.epoch = Record::make_key(last_segment_, id);
}

bool RaceDetector::knows_end(ThreadId id, ThreadId ended) {
  const ThreadState *thread = state(id), *other = state(ended);
  return thread != nullptr && other != nullptr && thread->clock.get(ended) >= other->released;
}

// ---- accesses ----

inline std::uint32_t RaceDetector::pc_high_index(std::uint64_t pc) {
  const auto high = static_cast<std::uint32_t>(pc >> 32);
  if (high == pc_highs_[pc_high_last_]) [[likely]]
    return pc_high_last_;
  std::uint32_t i = 0;
  while (i < pc_high_count_ && pc_highs_[i] != high) ++i;
  if (i == 16) return 15;  // code in more than 16 places 4 GiB apart: the address is a guess
  if (i == pc_high_count_) pc_highs_[pc_high_count_++] = high;
  return pc_high_last_ = i;
}

/// Whether `key` (of this segment, with its mask) and `kind` add nothing to the cell, told by a
/// glance: its only record is of the same segment, of the same bytes, and conflicts with as much.
[[gnu::always_inline]] inline bool RaceDetector::says_already(const Cell& cell, std::uint64_t key,
                                                              std::uint32_t kind) const {
  return cell.slot[0].key == key && (cell.slot[0].kind() | 1) == (kind | 1) &&
         cell.slot[0].kind() >= kind && cell.slot[1].key < first_key_ &&
         cell.slot[3].key < first_key_;
}

/// The other glance, for the cases that make up nearly all accesses: to all the bytes that the
/// cell's one or two records are of, and in order with them. True: the cell is as `slow_access`
/// would leave it.
[[gnu::always_inline]] inline bool RaceDetector::takes_over(const ThreadState& thread, Cell& cell,
                                                            std::uint64_t key, AccessKind kind,
                                                            const Origin& origin) {
  constexpr std::uint64_t kThreadAndMask = 0xff'ffff, kMask = 0xff;
  Record* const slot = cell.slot;
  if (slot[2].key >= first_key_ || slot[3].key >= first_key_ ||
      origin.step >> Record::kStepBits != 0) {
    return false;
  }
  const std::uint64_t about = Record::make_about(origin.pc, pc_high_index(origin.pc), kind,
                                                 origin.held < 3 ? origin.held : 3, origin.step);
  if (slot[0].key < first_key_) {  // empty
    slot[0].key = key;
    slot[0].about = about;
    return true;
  }
  const bool single = slot[1].key < first_key_;
  Record& last = single ? slot[0] : slot[1];
  if (((last.key ^ key) & kThreadAndMask) == 0) {
    // Its own: what stands before it was compared with it then, and comes before this one too.
    if (last.raced()) return false;
    if (last.kind() == kind) {
      last.key = key;
      last.about = about;
      return true;
    }
    const bool write_after_read = kind == kPlainWrite && last.kind() == kPlainRead;
    if (!write_after_read ||
        (!single && (slot[0].kind() != kPlainWrite || ((slot[0].key ^ key) & kMask) != 0))) {
      return false;
    }
    slot[0].key = key;
    slot[0].about = about;
    slot[1].key = 0;
    return true;
  }
  const auto in_order = [&](const Record& record) {
    return record.segment() <= thread.clock.get(record.thread());
  };
  if (((last.key ^ key) & kMask) != 0 || !in_order(last)) return false;
  if (last.kind() == kind) {
    // In another thread's place, which comes before (a lock's data, an atomic counter); what stands
    // before it, say the initialization, stays.
    if (!single && (covers(kind, slot[0].kind()) || !in_order(slot[0]))) return false;
    last.key = key;
    last.about = about;
    return true;
  }
  // Another thread's only record, which comes before: a write covers it, a read stands beside it.
  if (!single || ((last.kind() | kind) & 2) != 0) return false;
  Record& to = slot[kind == kPlainRead ? 1 : 0];
  to.key = key;
  to.about = about;
  return true;
}

void RaceDetector::access(ThreadId id, std::uint64_t address, std::size_t size, AccessKind kind,
                          const Origin& origin) {
  const ThreadState* thread = state(id);
  if (thread == nullptr || size == 0) return;
  Cell* cell = nullptr;
  const unsigned offset = address & 7;
  if (offset + size <= 8) [[likely]] {
    cell = shadow_.cell(address);
    if (cell == nullptr) return;
    const std::uint64_t key = thread->epoch | (((1u << size) - 1) << offset);
    if (says_already(*cell, key, kind) || takes_over(*thread, *cell, key, kind, origin)) {
      return;
    }
  }
  slow_access(*thread, cell, address, size, kind, origin);
}

[[gnu::noinline]] void RaceDetector::slow_access(const ThreadState& thread, Cell* cell,
                                                 std::uint64_t address, std::size_t size,
                                                 AccessKind kind, const Origin& origin) {
  const std::uint64_t step = origin.step >> Record::kStepBits == 0 ? origin.step : 0;
  const std::uint32_t held = origin.held < 3 ? origin.held : 3;
  Access access{
      {thread.epoch, Record::make_about(origin.pc, pc_high_index(origin.pc), kind, held, step)},
      &thread,
      &origin,
      0,
      false};
  if (cell != nullptr) {
    touch_cell(access, *cell, address, ((1u << size) - 1) << (address & 7));
  } else {
    touch_range(access, address, address + size);
  }
}

void RaceDetector::touch_range(Access& access, std::uint64_t address, std::uint64_t end) {
  while (address < end) {
    const unsigned offset = address & 7;
    const std::uint64_t count = std::min<std::uint64_t>(8 - offset, end - address);
    Cell* cell = shadow_.cell(address);
    if (cell != nullptr) touch_cell(access, *cell, address, ((1u << count) - 1) << offset);
    address += count;
  }
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
  if (cell.slot[3].key >= first_key_) [[unlikely]]
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

void RaceDetector::touch_list(Access& access, Cell& cell, unsigned mask) {
  RecordList& list = *cell.list();
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < list.count; ++i) {
    if (!visit(access, list.records[i], mask)) list.records[kept++] = list.records[i];
  }
  if (!access.present) {
    if (kept == list.capacity) {
      auto* larger = static_cast<Record*>(arena_.allocate(2 * list.capacity * sizeof(Record)));
      std::copy_n(list.records, kept, larger);
      list.records = larger;
      list.capacity *= 2;
    }
    access.write_to(list.records[kept++], mask);
  }
  list.count = kept;
  if (kept >= Cell::kInline) return;
  cell.clear();
  std::copy_n(list.records, kept, cell.slot);
}

[[gnu::cold, gnu::noinline]] void RaceDetector::report(const Access& access, const Record& record,
                                                       unsigned mask) {
  const std::uint64_t pc = std::uint64_t{pc_highs_[record.pc_high()]} << 32 | record.pc_low();
  listener_.on_race(
      {access.granule,
       mask,
       {access.thread->id(), static_cast<AccessKind>(access.record.kind()), *access.origin},
       {record.thread(),
        static_cast<AccessKind>(record.kind()),
        {pc, record.step(), record.held()}}});
}

// ---- synchronization ----

inline RaceDetector::Bucket& RaceDetector::bucket(std::uint64_t line) {
  return buckets_[(line ^ line >> 14) & (kBuckets - 1)];
}

inline RaceDetector::SyncObject* RaceDetector::find_sync(std::uint64_t key) {
  const Bucket& home = bucket(key >> (kLineBits + 1));
  SyncObject* sync = home.run == run_ ? home.first : nullptr;
  while (sync != nullptr && sync->key != key) sync = sync->next;
  return sync;
}

RaceDetector::SyncObject& RaceDetector::make_sync(std::uint64_t key) {
  Bucket& home = bucket(key >> (kLineBits + 1));
  auto* sync = static_cast<SyncObject*>(arena_.allocate(sizeof(SyncObject)));
  *sync = {key, home.run == run_ ? home.first : nullptr, newest_sync_, 0, 0, 1, {}};
  home = {run_, sync};
  newest_sync_ = sync;
  ++sync_count_;
  return *sync;
}

inline void RaceDetector::learn(ThreadState& thread, const SyncObject& sync, VectorClock& into) {
  const bool known = sync.owner_segment != 0 && thread.clock.get(sync.owner) >= sync.owner_segment;
  if (!known) into.join(arena_, sync.clock);
}

/// The thread writes to the object's clock: all it knows, or what its last release fence knew.
/// `merge`: beside what others wrote; else instead of it. Returns the object, if it has a clock.
inline RaceDetector::SyncObject* RaceDetector::publish(ThreadState& thread, std::uint64_t key,
                                                       SyncObject* sync, bool merge,
                                                       bool releases) {
  const VectorClock& source = releases ? thread.clock : thread.released_by_fence;
  if (source.empty()) {
    if (!merge && sync != nullptr) sync->clear();
    return sync;
  }
  if (sync == nullptr) sync = &make_sync(key);
  const bool replaces =
      !merge || sync->clock.empty() ||
      (sync->owner_segment != 0 && source.get(sync->owner) >= sync->owner_segment);
  if (replaces) {
    sync->clock.assign(arena_, source);
    sync->owner = thread.id();
    sync->owner_segment = source.get(thread.id());
  } else {
    sync->clock.join(arena_, source);
    sync->owner_segment = 0;
  }
  if (releases) advance(thread);
  return sync;
}

void RaceDetector::acquire(ThreadId id, std::uint64_t sync) {
  ThreadState* thread = state(id);
  const SyncObject* object = find_sync(sync << 1);
  if (thread != nullptr && object != nullptr) learn(*thread, *object, thread->clock);
}

void RaceDetector::release(ThreadId id, std::uint64_t sync) {
  ThreadState* thread = state(id);
  if (thread != nullptr) publish(*thread, sync << 1, find_sync(sync << 1), true, true);
}

void RaceDetector::release_store(ThreadId id, std::uint64_t sync) {
  ThreadState* thread = state(id);
  if (thread != nullptr) publish(*thread, sync << 1, find_sync(sync << 1), false, true);
}

void RaceDetector::atomic(ThreadId id, std::uint64_t address, std::size_t size, OpKind kind,
                          MemoryOrder order, const Origin& origin) {
  ThreadState* thread = state(id);
  if (thread == nullptr) return;
  const bool loads = kind != OpKind::kAtomicStore, stores = kind != OpKind::kAtomicLoad;
  const std::uint64_t key = address << 1 | 1;
  SyncObject* sync = find_sync(key);
  // What is acquired orders this very access too; what is released includes it.
  if (loads && sync != nullptr) {
    learn(*thread, *sync, acquires(order) ? thread->clock : thread->seen_relaxed);
  }
  access(id, address, size, stores ? kAtomicWrite : kAtomicRead, origin);
  if (!stores) return;
  sync = publish(*thread, key, sync, loads, releases(order));
  if (sync != nullptr) sync->size = static_cast<std::uint32_t>(size);
}

void RaceDetector::fence(ThreadId id, MemoryOrder order) {
  ThreadState* thread = state(id);
  if (thread == nullptr) return;
  if (acquires(order)) {
    thread->clock.join(arena_, thread->seen_relaxed);
    thread->seen_relaxed.clear();
  }
  if (releases(order)) {
    thread->released_by_fence.assign(arena_, thread->clock);
    advance(*thread);
  }
}

/// Plain writes to bytes of an atomic: who reads them reads from no release.
[[gnu::noinline]] void RaceDetector::end_release_sequences(std::uint64_t granule, unsigned mask) {
  const std::uint64_t first = granule + static_cast<unsigned>(__builtin_ctz(mask));
  const std::uint64_t last = granule + 31 - static_cast<unsigned>(__builtin_clz(mask));
  for (std::uint64_t line = (first - 15) >> kLineBits; line <= last >> kLineBits; ++line) {
    const Bucket& home = bucket(line);
    if (home.run != run_) continue;
    for (SyncObject* sync = home.first; sync != nullptr; sync = sync->next) {
      const bool overlaps = sync->address() <= last && sync->address() + sync->size > first;
      if (sync->is_atomic() && overlaps) sync->clear();
    }
  }
}

// ---- new memory ----

void RaceDetector::forget(std::uint64_t address, std::size_t size) {
  if (size == 0) return;
  forget_cells(address, address + size);
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
      const bool listed = cell->slot[3].key >= first_key_;
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

void RaceDetector::forget_syncs(std::uint64_t address, std::uint64_t end) {
  const std::uint64_t first_line = address >> kLineBits, last_line = (end - 1) >> kLineBits;
  const auto clear = [&](SyncObject* sync) {
    if (sync->address() >= address && sync->address() < end) sync->clear();
  };
  if (last_line - first_line >= sync_count_) {
    for (SyncObject* sync = newest_sync_; sync != nullptr; sync = sync->older) clear(sync);
    return;
  }
  for (std::uint64_t line = first_line; line <= last_line; ++line) {
    const Bucket& home = bucket(line);
    if (home.run != run_) continue;
    for (SyncObject* sync = home.first; sync != nullptr; sync = sync->next) clear(sync);
  }
}

}  // namespace chicane::monitors
