// SPDX-License-Identifier: Apache-2.0
#include "report/race_facts.h"

#include <algorithm>

#include "report/convert.h"

namespace chicane::report {
namespace {

using engine::FindingSite;
using engine::OpKind;
using engine::Outcome;
using engine::ThreadId;
using engine::ThreadRecord;
using engine::TraceRecord;

using Trace = std::span<const TraceRecord>;

bool takes_lock(const TraceRecord& record) {
  return record.outcome == Outcome::kDone &&
         (engine::bit_of(record.kind) & engine::kLockKinds) != 0;
}

bool drops_lock(const TraceRecord& record) {
  return record.outcome == Outcome::kDone &&
         (engine::bit_of(record.kind) & engine::kUnlockKinds) != 0;
}

bool is_atomic(const TraceRecord& record) {
  return is_access(record.kind) && record.kind != OpKind::kRead && record.kind != OpKind::kWrite;
}

bool stores(const TraceRecord& record) {
  return is_atomic(record) && record.kind != OpKind::kAtomicLoad;
}

bool loads(const TraceRecord& record) {
  return is_atomic(record) && record.kind != OpKind::kAtomicStore;
}

bool overlap(std::uint64_t a, std::uint64_t a_size, std::uint64_t b, std::uint64_t b_size) {
  return a < b + b_size && b < a + a_size;
}

/// The two accesses, the earlier one first.
class Advice {
 public:
  Advice(Trace trace, std::span<const ThreadRecord> threads, const AccessFacts& one,
         const AccessFacts& other, const FactWords& words)
      : trace_(trace),
        threads_(threads),
        first_(one.record <= other.record ? one : other),
        second_(one.record <= other.record ? other : one),
        words_(words) {}

  std::string text() const {
    if (is_atomic(*first_.record) || is_atomic(*second_.record)) {
      return "both accesses through std::atomic, or one lock at both";
    }
    if (is_free(first_) || is_free(second_)) return by_lifetime();
    for (const auto& find : {&Advice::by_common_lock, &Advice::by_lock_of_one,
                             &Advice::by_weak_atomic, &Advice::by_join, &Advice::by_creation}) {
      std::string found = (this->*find)();
      if (!found.empty()) return found;
    }
    return "one lock at both, or something that " + who(first_) + " releases after " +
           where(first_) + " and " + who(second_) + " acquires before " + where(second_);
  }

 private:
  std::string who(const AccessFacts& access) const { return words_.thread(access.record->thread); }
  std::string where(const AccessFacts& access) const { return words_.place(access.record->stack); }

  /// Whatever order a lock makes, it can be the wrong one.
  std::string by_lifetime() const {
    if (std::string join = by_join(); !join.empty()) return join;
    const AccessFacts &frees = is_free(first_) ? first_ : second_,
                      &uses = is_free(first_) ? second_ : first_;
    return "something that tells " + who(frees) + ", before " + where(frees) + ", that " +
           who(uses) + " is done with " + where(uses) +
           ": its end (join), a channel, a std::shared_ptr";
  }

  std::string by_common_lock() const {
    for (const TraceRecord* lock : first_.held) {
      for (const TraceRecord* other : second_.held) {
        if (lock->object != other->object) continue;
        // Held at both and yet no order: nobody held it for writing.
        const AccessFacts& writer = first_.writes() ? first_ : second_;
        return words_.object(*lock) + " held for writing, not for reading, at " + where(writer);
      }
    }
    return {};
  }

  std::string by_lock_of_one() const {
    const bool one = first_.held.empty(), other = second_.held.empty();
    if (one && other) return {};
    if (!one && !other) {
      return "one lock at both: " + who(first_) + " holds " + words_.object(*first_.held.back()) +
             ", " + who(second_) + " holds " + words_.object(*second_.held.back());
    }
    const AccessFacts& holder = one ? second_ : first_;
    return words_.object(*holder.held.back()) + ", which " + who(holder) + " holds at " +
           where(holder) + ", held by " + who(one ? first_ : second_) + " too";
  }

  /// The first thread stores an atomic afterwards, the second one has loaded it since: the way is
  /// there, and carries nothing.
  std::string by_weak_atomic() const {
    for (const TraceRecord* store = first_.record + 1; store < second_.record; ++store) {
      if (store->thread != first_.record->thread || !stores(*store)) continue;
      for (const TraceRecord* load = store + 1; load < second_.record; ++load) {
        if (load->thread != second_.record->thread || !loads(*load)) continue;
        if (load->object != store->object) continue;
        return words_.object(*store) + " stored at " + words_.place(store->stack) +
               " with release and loaded at " + words_.place(load->stack) + " with acquire";
      }
    }
    return {};
  }

  std::string by_join() const {
    for (const auto& [waits, ends] : {std::pair(&first_, &second_), std::pair(&second_, &first_)}) {
      const bool concerned = ends->writes() || is_free(*waits);
      if (!concerned || !descends(ends->record->thread, waits->record->thread)) continue;
      for (const TraceRecord* record = waits->record; record < trace_.data() + trace_.size();
           ++record) {
        const bool joins = record->kind == OpKind::kThreadJoin &&
                           record->thread == waits->record->thread &&
                           record->value == ends->record->thread;
        if (!joins) continue;
        return "the join of " + who(*ends) + " (" + words_.place(record->stack) + ") before " +
               where(*waits);
      }
    }
    return {};
  }

  std::string by_creation() const {
    for (const auto& [waits, ends] : {std::pair(&first_, &second_), std::pair(&second_, &first_)}) {
      if (!descends(ends->record->thread, waits->record->thread)) continue;
      if (ends->writes())
        return "waiting for the end of " + who(*ends) + " before " + where(*waits);
      return "one lock at both, or " + where(*waits) + " before " + who(*ends) + " is started";
    }
    return {};
  }

  bool descends(ThreadId thread, ThreadId ancestor) const {
    for (std::size_t steps = 0; steps < threads_.size(); ++steps) {
      const auto record = std::find_if(threads_.begin(), threads_.end(),
                                       [&](const ThreadRecord& t) { return t.id == thread; });
      if (record == threads_.end() || record->parent == engine::kNoThread) return false;
      thread = record->parent;
      if (thread == ancestor) return true;
    }
    return false;
  }

  Trace trace_;
  std::span<const ThreadRecord> threads_;
  const AccessFacts &first_, &second_;
  const FactWords& words_;
};

bool same_origin(const engine::AllocationRecord& a, const engine::AllocationRecord& b) {
  return a.thread == b.thread && a.stack.depth == b.stack.depth &&
         std::equal(a.stack.pcs, a.stack.pcs + a.stack.depth, b.stack.pcs);
}

/// Where a RunObject lies in a run.
class Whereabouts {
 public:
  Whereabouts(Trace trace, std::span<const engine::AllocationRecord> allocations,
              const RunObject& object)
      : allocations_(allocations), place_(object.place) {
    if (place_.region == engine::Region::kStack) {
      find_frame(trace, object.place);
    } else if (place_.region == engine::Region::kHeap) {
      find_block(object);
    }
  }

  std::uint64_t address() const { return place_.address; }

  bool has(const TraceRecord& record) const {
    // Of an atomic access the size is not known, and its place is its own.
    const unsigned size = std::max<unsigned>(record.size, 1);
    if (place_.address == 0 || !overlap(record.object, size, place_.address, 1)) return false;
    if (place_.region == engine::Region::kHeap) {
      return record.frees == 0 && block_at(allocations_, place_.address, record.step) == block_;
    }
    return place_.region != engine::Region::kStack || record.place.frame_base == place_.frame_base;
  }

 private:
  /// The first frame of that function in which the thread's variable was touched.
  void find_frame(Trace trace, const engine::Place& wanted) {
    place_.address = 0;
    for (const TraceRecord& record : trace) {
      const engine::Place& place = record.place;
      const bool same = place.region == wanted.region && place.thread == wanted.thread &&
                        place.frame_entry == wanted.frame_entry &&
                        place.frame_base - place.address == wanted.frame_base - wanted.address;
      if (!same) continue;
      place_ = place;
      return;
    }
  }

  void find_block(const RunObject& object) {
    place_.address = 0;
    std::size_t ordinal = object.ordinal;
    for (const engine::AllocationRecord& block : allocations_) {
      if (!same_origin(block, object.block) || ordinal-- != 0) continue;
      block_ = &block;
      place_.address = block.start + (object.place.address - object.block.start);
      return;
    }
  }

  std::span<const engine::AllocationRecord> allocations_;
  engine::Place place_;
  const engine::AllocationRecord* block_ = nullptr;
};

}  // namespace

bool is_access(OpKind kind) {
  switch (kind) {
    case OpKind::kRead:
    case OpKind::kWrite:
    case OpKind::kAtomicLoad:
    case OpKind::kAtomicStore:
    case OpKind::kAtomicRmw:
    case OpKind::kAtomicCas:
      return true;
    default:
      return false;
  }
}

AccessFacts facts_of(Trace trace, const FindingSite& site, std::uint64_t object) {
  constexpr std::uint64_t kNear = 16;
  AccessFacts facts;
  for (const TraceRecord& record : trace) {
    if (record.thread != site.thread || record.step > site.step) continue;
    if (takes_lock(record)) {
      facts.held.push_back(&record);
    } else if (drops_lock(record)) {
      std::erase_if(facts.held, [&](const auto* held) { return held->object == record.object; });
    }
    if (!is_access(record.kind) || record.step != site.step) continue;
    const bool same_place =
        record.stack.depth > 0 && site.stack.depth > 0 && record.stack.pcs[0] == site.stack.pcs[0];
    if (!same_place || object - record.object + kNear >= 2 * kNear) continue;
    facts.record = &record;
    return facts;
  }
  return facts;
}

std::string would_order(Trace trace, std::span<const ThreadRecord> threads, const AccessFacts& one,
                        const AccessFacts& other, const FactWords& words) {
  if (one.record == nullptr || other.record == nullptr) return {};
  return Advice(trace, threads, one, other, words).text();
}

const engine::AllocationRecord* block_at(std::span<const engine::AllocationRecord> allocations,
                                         std::uint64_t address, std::uint64_t step) {
  for (std::size_t i = allocations.size(); i-- > 0;) {
    const engine::AllocationRecord& block = allocations[i];
    if (block.step <= step && address - block.start < block.size) return &block;
  }
  return nullptr;
}

RunObject object_of(std::span<const engine::AllocationRecord> allocations,
                    const engine::Place& place, std::uint64_t step) {
  RunObject object{place};
  if (place.region != engine::Region::kHeap) return object;
  const engine::AllocationRecord* block = block_at(allocations, place.address, step);
  if (block == nullptr) return object;
  object.block = *block;
  for (const auto* other = allocations.data(); other != block; ++other) {
    object.ordinal += same_origin(*other, *block) ? 1 : 0;
  }
  return object;
}

std::string last_value(Trace trace, std::span<const engine::AllocationRecord> allocations,
                       const RunObject& object) {
  const Whereabouts here(trace, allocations, object);
  const TraceRecord* last = nullptr;
  for (const TraceRecord& record : trace) {
    if (is_access(record.kind) && here.has(record)) last = &record;
  }
  if (last == nullptr || last->object != here.address() || last->size > 8) return {};
  std::string value = value_text(last->value_after, last->size);
  return value.starts_with('(') ? std::string() : value;
}

}  // namespace chicane::report
