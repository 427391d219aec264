// SPDX-License-Identifier: Apache-2.0
#include "monitors/trace_order.h"

#include <unordered_set>

namespace chicane::monitors {
namespace {

using engine::MemoryOrder;

bool acquires(MemoryOrder order) {
  return order == MemoryOrder::kAcquire || order == MemoryOrder::kAcqRel ||
         order == MemoryOrder::kSeqCst || order == MemoryOrder::kConsume;
}
bool releases(MemoryOrder order) {
  return order == MemoryOrder::kRelease || order == MemoryOrder::kAcqRel ||
         order == MemoryOrder::kSeqCst;
}

/// Who knows of one entry, as the trace goes on from it.
class Rumour {
 public:
  explicit Rumour(engine::ThreadId first) : threads_{first} {}
  bool reached(engine::ThreadId thread) const { return threads_.contains(thread); }

  void pass(const TraceEntry& entry) {
    switch (entry.what) {
      case TraceEntry::kAcquire:
        if (objects_.contains(entry.address)) threads_.insert(entry.thread);
        return;
      case TraceEntry::kRelease:
        if (reached(entry.thread)) objects_.insert(entry.address);
        return;
      case TraceEntry::kReleaseStore:
        return set(objects_, entry.address, reached(entry.thread));
      case TraceEntry::kFence:
        if (acquires(entry.order) && seen_relaxed_.contains(entry.thread)) {
          threads_.insert(entry.thread);
        }
        if (releases(entry.order)) set(fenced_, entry.thread, reached(entry.thread));
        return;
      default:
        if (entry.is_atomic()) pass_atomic(entry);
    }
  }

 private:
  template <class T>
  static void set(std::unordered_set<T>& among, T element, bool in) {
    if (in) {
      among.insert(element);
    } else {
      among.erase(element);
    }
  }

  void pass_atomic(const TraceEntry& entry) {
    const bool known = atomics_.contains(entry.address);
    if (entry.reads() && known) {
      (acquires(entry.order) ? threads_ : seen_relaxed_).insert(entry.thread);
    }
    if (!entry.writes()) return;
    const bool tells =
        releases(entry.order) ? reached(entry.thread) : fenced_.contains(entry.thread);
    set(atomics_, entry.address, tells || (entry.reads() && known));
  }

  std::unordered_set<engine::ThreadId> threads_;
  std::unordered_set<engine::ThreadId> seen_relaxed_;  // would know after an acquire fence
  std::unordered_set<engine::ThreadId> fenced_;        // knew at their last release fence
  std::unordered_set<std::uint64_t> objects_, atomics_;
};

}  // namespace

bool happens_before(const RunTrace& trace, std::size_t from, std::size_t to) {
  Rumour rumour(trace.entries[from].thread);
  for (std::size_t i = from + 1; i < to; ++i) rumour.pass(trace.entries[i]);
  return rumour.reached(trace.entries[to].thread);
}

}  // namespace chicane::monitors
