// SPDX-License-Identifier: Apache-2.0
//
// The race detector's threads and synchronization: who knows what of whom.
#include <sys/mman.h>

#include "monitors/race_fast_path.h"

namespace chicane::monitors {

using engine::MemoryOrder;
using engine::OpKind;
using engine::ThreadId;

/// Synchronization objects by the 16 bytes that their address lies in, so that those of a block of
/// memory are found without knowing their addresses.
struct RaceDetector::Bucket {
  std::uint64_t run;
  SyncObject* first;
};

namespace {

constexpr std::size_t kBuckets = std::size_t{1} << 14;
constexpr unsigned kLineBits = 4;
constexpr Segment kSegmentsLeft = Segment{1} << (Record::kSegmentBits - 1);

bool acquires(MemoryOrder order) {
  return order != MemoryOrder::kRelaxed && order != MemoryOrder::kRelease;
}
bool releases(MemoryOrder order) { return order >= MemoryOrder::kRelease; }

}  // namespace

RaceDetector::RaceDetector(Listener& listener)
    : listener_(listener),
      threads_(static_cast<ThreadState*>(map_for_races(kMaxThreads * sizeof(ThreadState)))),
      buckets_(static_cast<Bucket*>(map_for_races(kBuckets * sizeof(Bucket)))) {}

RaceDetector::~RaceDetector() {
  munmap(threads_, kMaxThreads * sizeof(ThreadState));
  munmap(buckets_, kBuckets * sizeof(Bucket));
}

void RaceDetector::begin_run() {
  ++run_;
  now_.step = ~std::uint64_t{0};
  arena_.reset();
  newest_sync_ = nullptr;
  last_key_ = ~std::uint64_t{0};
  sync_count_ = 0;
  if (last_segment_ >= kSegmentsLeft) {  // once in hours: start numbering anew
    shadow_.clear_all();
    last_segment_ = 0;
  }
  first_key_ = Record::make_key(last_segment_ + 1, 0);
}

// ---- threads ----

void RaceDetector::start(ThreadState& thread, ThreadId id) { start(thread, id, {}); }

/// The thread's first segment begins, with what its creator knows.
[[gnu::always_inline]] inline void RaceDetector::start(ThreadState& thread, ThreadId id,
                                                       const VectorClock& known) {
  engine::forget_seen();
  thread.run = run_;
  thread.clock.begin(thread.room);
  thread.released_by_fence.drop();
  thread.seen_relaxed.drop();
  thread.clock.assign(arena_, known);
  thread.clock.set(arena_, id, ++last_segment_);
  thread.epoch = Record::make_key(last_segment_, id);
}

void RaceDetector::fork(ThreadId creator, ThreadId created) {
  ThreadState* from = state(creator);
  if (from == nullptr || created >= kMaxThreads) return;
  start(threads_[created], created, from->clock);
  advance(*from);
}

void RaceDetector::join(ThreadId id, ThreadId ended) {
  ThreadState *thread = state(id), *other = state(ended);
  if (thread != nullptr && other != nullptr) thread->clock.join(arena_, other->clock);
}

bool RaceDetector::knows_end(ThreadId id, ThreadId ended) {
  const ThreadState *thread = state(id), *other = state(ended);
  return thread != nullptr && other != nullptr && thread->clock.get(ended) >= other->segment();
}

// ---- synchronization ----

inline RaceDetector::Bucket& RaceDetector::bucket(std::uint64_t line) {
  return buckets_[(line ^ line >> 14) & (kBuckets - 1)];
}

inline RaceDetector::SyncObject* RaceDetector::find_sync(std::uint64_t key) {
  if (key == last_key_) return last_sync_;
  const Bucket& home = bucket(key >> (kLineBits + 1));
  SyncObject* sync = home.run == run_ ? home.first : nullptr;
  while (sync != nullptr && sync->key != key) sync = sync->next;
  last_key_ = key;
  last_sync_ = sync;
  return sync;
}

RaceDetector::SyncObject& RaceDetector::make_sync(std::uint64_t key) {
  Bucket& home = bucket(key >> (kLineBits + 1));
  auto* sync = static_cast<SyncObject*>(arena_.allocate(sizeof(SyncObject)));
  sync->key = key;
  sync->next = home.run == run_ ? home.first : nullptr;
  sync->older = newest_sync_;
  sync->owner_segment = 0;
  sync->owner = 0;
  sync->size = 1;
  sync->clock.begin(sync->room);
  sync->below_key = sync->last_key = 0;
  home = {run_, sync};
  last_key_ = key;
  last_sync_ = newest_sync_ = sync;
  ++sync_count_;
  return *sync;
}

inline void RaceDetector::learn(ThreadState& thread, const SyncObject& sync, VectorClock& into) {
  const bool known = sync.owner_segment != 0 && thread.clock.get(sync.owner) >= sync.owner_segment;
  if (!known) into.join(arena_, sync.clock);
}

/// The thread writes to the object's clock: all it knows, or what its last release fence knew.
/// `merge`: beside what others wrote; else instead of it. Returns the object, if it has a clock.
[[gnu::always_inline]] inline RaceDetector::SyncObject* RaceDetector::publish(
    ThreadState& thread, std::uint64_t key, SyncObject* sync, bool merge, bool releases) {
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

/// The thread learns the object's clock, and writes all that it then knows to it. Its next segment
/// is still to begin.
[[gnu::always_inline]] inline RaceDetector::SyncObject* RaceDetector::learn_and_publish(
    ThreadState& thread, std::uint64_t key, SyncObject* sync) {
  if (sync == nullptr) sync = &make_sync(key);
  if (sync->owner_segment != 0 && thread.clock.get(sync->owner) >= sync->owner_segment) {
    sync->clock.assign(arena_, thread.clock);
  } else {
    thread.clock.share(arena_, sync->clock);
  }
  sync->owner = thread.id();
  sync->owner_segment = thread.segment();
  return sync;
}

void RaceDetector::atomic(const engine::AtomicAccess& access, const Origin& origin) {
  ThreadState* thread = state(access.thread);
  if (thread == nullptr) return;
  const bool loads = access.kind != OpKind::kAtomicStore;
  const bool stores = access.kind != OpKind::kAtomicLoad;
  const auto address = reinterpret_cast<std::uintptr_t>(access.address);
  const std::uint64_t key = std::uint64_t{address} << 1 | 1;
  SyncObject* sync = find_sync(key);
  // What is acquired orders this very access too; what is released includes it.
  const bool both = loads && stores && acquires(access.order) && releases(access.order);
  if (both) {
    sync = learn_and_publish(*thread, key, sync);
  } else if (loads && sync != nullptr) {
    learn(*thread, *sync, acquires(access.order) ? thread->clock : thread->seen_relaxed);
  }
  if (!has_begun(origin.step, origin.pc)) begin_step(*thread, origin);
  atomic_access(*thread, address, access.size, stores ? kAtomicWrite : kAtomicRead, origin);
  if (!stores) return;
  if (both) {
    advance(*thread);
  } else {
    sync = publish(*thread, key, sync, loads, releases(access.order));
  }
  if (sync != nullptr) sync->size = access.size;
}

[[gnu::always_inline]] inline void RaceDetector::atomic_access(const ThreadState& thread,
                                                               std::uint64_t address,
                                                               std::size_t size, AccessKind kind,
                                                               const Origin& origin) {
  const Place at = place(address, size, kind, origin.pc);
  if (at.cell == nullptr) return access(thread.id(), address, size, kind, origin);
  if (settle_second(thread, *at.cell, at.key, kind, at.about) == Settled::kYes) return;
  place_access(at.cell, at.key, at.about, address, size, kind);
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
