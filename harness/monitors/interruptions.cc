// SPDX-License-Identifier: Apache-2.0
#include "monitors/interruptions.h"

#include <algorithm>
#include <map>

namespace chicane::monitors {
namespace {

using engine::ThreadId;

bool point_to_two_blocks(const TraceEntry& one, const TraceEntry& other) {
  return one.contents != 0 && other.contents != 0 && one.block != other.block;
}

bool mean_the_same(const TraceEntry& one, const TraceEntry& other) {
  const auto [a, b] = meanings(one, other);
  return a == b;
}

/// Goes through a trace and finds T's reads, each with the write of T that follows, and whether
/// somebody came between.
class Pass {
 public:
  explicit Pass(const RunTrace& trace) : trace_(trace) {}

  Looks run(bool finished) {
    for (const TraceEntry& entry : trace_.entries) step(entry);
    if (!finished || trace_.truncated) return std::move(result_);
    for (auto& [address, location] : locations_) {
      for (const Look& look : location.looks) note_left(look);
    }
    return std::move(result_);
  }

 private:
  struct Held {
    std::uint64_t lock, serial;
    bool shared;
  };
  /// One of a thread's last two looks at a location, while it has not written there since.
  struct Look {
    ThreadId thread;
    const TraceEntry* read;
    std::vector<Held> held;
    const TraceEntry* interrupts = nullptr;  // another thread's write since
    std::vector<Held> held_by_other;
    bool superseded = false;  // by the thread's other look
  };
  struct Location {
    std::uint32_t size = 0;
    const TraceEntry* last = nullptr;
    std::vector<Look> looks;
  };

  void step(const TraceEntry& entry) {
    switch (entry.what) {
      case TraceEntry::kLock:
      case TraceEntry::kReadLock:
        held_[entry.thread].push_back(
            {entry.address, ++serial_, entry.what == TraceEntry::kReadLock});
        return;
      case TraceEntry::kUnlock:
      case TraceEntry::kReadUnlock:
        return unlock(entry);
      case TraceEntry::kForget:
        locations_.erase(locations_.lower_bound(entry.address),
                         locations_.lower_bound(entry.address + entry.value));
        return;
      default:
        if (entry.is_access()) access(entry);
    }
  }

  void unlock(const TraceEntry& entry) {
    const auto drop = [&](std::vector<Held>& held) {
      for (std::size_t i = held.size(); i-- > 0;) {
        if (held[i].lock != entry.address) continue;
        held.erase(held.begin() + static_cast<std::ptrdiff_t>(i));
        return true;
      }
      return false;
    };
    if (drop(held_[entry.thread])) return;
    for (auto& [thread, held] : held_) {  // Go lets another goroutine unlock
      if (drop(held)) return;
    }
  }

  void access(const TraceEntry& entry) {
    end_overlapping(entry);
    if (entry.size > 8) return;
    Location& location = locations_[entry.address];
    location.size = entry.size;
    if (entry.writes()) {
      write(location, entry);
    } else {
      look(location, entry);
    }
    location.last = &entry;
  }

  /// Accesses of other extent: to look at them is to look at the location, to write them spoils it.
  void end_overlapping(const TraceEntry& entry) {
    constexpr std::uint64_t kLargest = 8;
    const std::uint64_t first = entry.address < kLargest ? 0 : entry.address - kLargest + 1;
    for (auto at = locations_.lower_bound(first);
         at != locations_.end() && at->first < entry.address + entry.size;) {
      const bool same = at->first == entry.address && at->second.size == entry.size;
      if (same || at->first + at->second.size <= entry.address) {
        ++at;
      } else if (entry.writes()) {
        at = locations_.erase(at);
      } else {
        std::erase_if(at->second.looks, [&](const Look& l) { return l.thread == entry.thread; });
        ++at;
      }
    }
  }

  void look(Location& location, const TraceEntry& entry) {
    std::erase_if(location.looks,
                  [&](const Look& l) { return l.thread == entry.thread && l.superseded; });
    for (Look& look : location.looks) {
      if (look.thread != entry.thread) continue;
      note_left(look);
      look.superseded = true;
    }
    location.looks.push_back({entry.thread, &entry, held_[entry.thread], nullptr, {}, false});
  }

  void note_left(const Look& look) {
    if (!look.superseded) result_.followed.emplace_back(look.read, false);
  }

  void write(Location& location, const TraceEntry& entry) {
    const bool rmw = entry.what == TraceEntry::kAtomicRmw;
    const TraceEntry* newest = nullptr;
    for (const Look& look : location.looks) {
      if (look.thread == entry.thread && !look.superseded) newest = look.read;
    }
    for (const Look& look : location.looks) {
      if (look.thread != entry.thread) continue;
      if (rmw) {
        note_left(look);
      } else if (!look.superseded) {
        result_.followed.emplace_back(look.read, true);
      }
      // What a read-modify-write finds is its own, and the last, look.
      const TraceEntry* second = rmw ? location.last : look.superseded ? newest : nullptr;
      add_moment(look, second, location, entry);
    }
    std::erase_if(location.looks, [&](const Look& l) { return l.thread == entry.thread; });
    for (Look& look : location.looks) {
      if (look.superseded) continue;
      look.interrupts = &entry;
      look.held_by_other = held_[entry.thread];
    }
  }

  void add_moment(const Look& look, const TraceEntry* second, const Location& location,
                  const TraceEntry& write) {
    const TraceEntry& read = *look.read;
    if (read.is_atomic() != write.is_atomic()) return;
    const Held* lock = write.is_atomic() ? nullptr : common(look.held, held_[write.thread]);
    const bool by_order = !write.is_atomic() && lock == nullptr;
    if (by_order && !point_to_two_blocks(read, write)) return;
    Moment moment{&read, &write, second, location.last, look.interrupts, false, by_order};
    moment.interrupted =
        look.interrupts != nullptr && !mean_the_same(*location.last, read) && is_proper(look, lock);
    result_.moments.push_back(moment);
  }
  /// Whether the other's write was no data race with the thread's accesses, as far as the locks
  /// tell.
  static bool is_proper(const Look& look, const Held* lock) {
    if (look.read->is_atomic() != look.interrupts->is_atomic()) return false;
    if (lock == nullptr) return true;
    return std::any_of(look.held_by_other.begin(), look.held_by_other.end(),
                       [&](const Held& h) { return h.lock == lock->lock && !h.shared; });
  }
  /// A lock that was held at both, for writing at the second, and given up in between.
  static const Held* common(const std::vector<Held>& first, const std::vector<Held>& second) {
    for (const Held& a : first) {
      for (const Held& b : second) {
        if (a.lock == b.lock && a.serial != b.serial && !b.shared) return &a;
      }
    }
    return nullptr;
  }

  const RunTrace& trace_;
  std::map<std::uint64_t, Location> locations_;
  std::map<ThreadId, std::vector<Held>> held_;
  std::uint64_t serial_ = 0;
  Looks result_;
};

}  // namespace

Looks find_looks(const RunTrace& trace, bool finished) { return Pass(trace).run(finished); }

std::pair<std::uint64_t, std::uint64_t> meanings(const TraceEntry& one, const TraceEntry& other) {
  return point_to_two_blocks(one, other) ? std::pair{one.contents, other.contents}
                                         : std::pair{one.value, other.value};
}

}  // namespace chicane::monitors
