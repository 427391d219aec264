// SPDX-License-Identifier: Apache-2.0
#include "monitors/atomicity.h"

#include <algorithm>
#include <map>
#include <string>

#include "engine/engine.h"
#include "engine/journal.h"
#include "monitors/wording.h"

namespace chicane::monitors {

using engine::ThreadId;

namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
  return hash ^ hash >> 29;
}

std::uint64_t low_bytes(std::uint64_t value, std::uint32_t size) {
  return size >= 8 ? value : value & ((std::uint64_t{1} << (8 * size)) - 1);
}

/// Code, data, heap and stacks of a 64-bit process lie between these.
bool like_a_pointer(std::uint64_t value) {
  return value >= std::uint64_t{1} << 32 && value < std::uint64_t{1} << 47;
}

}  // namespace

void Dependence::add(std::uint64_t read, std::uint64_t written, std::uint32_t size) {
  constexpr std::size_t kPoints = 8;
  read = low_bytes(read, size);
  written = low_bytes(written, size);
  bool known = false;
  for (Point& point : points_) {
    // Another value each time, or the same whatever was read: not a function of what was read.
    if ((point.read == read) != (point.written == written)) refuted_ = true;
    if (point.read != read) continue;
    known = true;
    ++point.seen;
  }
  if (!known && points_.size() < kPoints) points_.push_back({read, written, 1});
  size_ = size;
}

bool Dependence::proven() const {
  if (refuted_) return false;
  unsigned often = 0;
  for (const Point& one : points_) {
    often += one.seen >= 2 && !like_a_pointer(one.written);
    for (const Point& other : points_) {
      if (&one == &other || one.read == one.written) continue;
      const std::uint64_t difference = one.written - one.read - (other.written - other.read);
      const bool same_bits = (one.read ^ one.written) == (other.read ^ other.written);
      if (low_bytes(difference, size_) == 0 || same_bits) return true;
    }
  }
  return often >= 2;
}

// ---- one run ----

/// Goes through a trace and finds T's reads, each with the write of T that follows, and whether
/// somebody came between.
class AtomicityAnalysis::Pass {
 public:
  Pass(AtomicityAnalysis& analysis, const RunTrace& trace) : analysis_(analysis), trace_(trace) {}

  struct Candidate {
    Interruption accesses;
    std::uint64_t at_write;  // what the location held before T's write
  };
  std::vector<Candidate> run(bool finished) {
    for (const TraceEntry& entry : trace_.entries) step(entry);
    // What is still looked at when the run ends was left alone.
    if (finished && !trace_.truncated) {
      for (auto& [address, location] : locations_) {
        for (const Look& look : location.looks) analysis_.note_followed(*look.read, false);
      }
    }
    return std::move(candidates_);
  }

 private:
  struct Held {
    std::uint64_t lock, serial;
    bool shared;
  };
  /// A thread's last look at a location, while it has not written there since.
  struct Look {
    ThreadId thread;
    const TraceEntry* read;
    std::vector<Held> held;
    const TraceEntry* interrupts = nullptr;  // another thread's write since
    std::vector<Held> held_by_other;
  };
  struct Location {
    std::uint32_t size = 0;
    std::uint64_t value = 0;
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
    if (entry.what == TraceEntry::kWrite || entry.what == TraceEntry::kAtomicStore) {
      write(location, entry);
    } else if (entry.what == TraceEntry::kAtomicRmw) {
      end_look(location, entry.thread);
      tell_others(location, entry);
    } else {
      end_look(location, entry.thread);
      location.looks.push_back({entry.thread, &entry, held_[entry.thread], nullptr, {}});
    }
    location.value = entry.value;
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

  void end_look(Location& location, ThreadId thread) {
    std::erase_if(location.looks, [&](const Look& look) {
      if (look.thread != thread) return false;
      analysis_.note_followed(*look.read, false);
      return true;
    });
  }

  void tell_others(Location& location, const TraceEntry& entry) {
    for (Look& look : location.looks) {
      if (look.thread == entry.thread) continue;
      look.interrupts = &entry;
      look.held_by_other = held_[entry.thread];
    }
  }

  void write(Location& location, const TraceEntry& entry) {
    const auto look = std::find_if(location.looks.begin(), location.looks.end(),
                                   [&](const Look& l) { return l.thread == entry.thread; });
    if (look != location.looks.end()) {
      analysis_.note_followed(*look->read, true);
      if (is_pair(*look, entry)) {
        analysis_.note_moment(*look->read, entry);
        if (look->interrupts != nullptr && is_interrupted(*look, location, entry)) {
          candidates_.push_back({{look->read, look->interrupts, &entry}, location.value});
        }
      }
      location.looks.erase(look);
    }
    tell_others(location, entry);
  }

  /// A read and a write of one thread between which another may come without a data race.
  bool is_pair(const Look& look, const TraceEntry& write) {
    if (look.read->is_atomic() != write.is_atomic()) return false;
    return write.is_atomic() || common(look.held, held_[write.thread]) != nullptr;
  }
  bool is_interrupted(const Look& look, const Location& location, const TraceEntry& write) {
    if (location.value == look.read->value) return false;
    if (write.is_atomic()) return look.interrupts->is_atomic();
    const Held* lock = common(look.held, held_[write.thread]);
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

  AtomicityAnalysis& analysis_;
  const RunTrace& trace_;
  std::map<std::uint64_t, Location> locations_;
  std::map<ThreadId, std::vector<Held>> held_;
  std::uint64_t serial_ = 0;
  std::vector<Candidate> candidates_;
};

// ---- what runs prove together ----

void AtomicityAnalysis::note_moment(const TraceEntry& read, const TraceEntry& write) {
  const Pair pair{read.place, write.place};
  const std::uint64_t key = mix(PairHash()(pair), read.thread);
  Dependence& moment = moments_[mix(key, ++count_[key])];
  moment.add(read.value, write.value, write.size);
  if (moment.proven()) dependent_.insert(pair);
}

void AtomicityAnalysis::note_followed(const TraceEntry& read, bool written) {
  Followed& followed = followed_[mix(read.place.hash(), low_bytes(read.value, read.size))];
  ++(written ? followed.written : followed.left);
}

bool AtomicityAnalysis::contradicts(const Interruption& found, std::uint64_t at_write) const {
  const TraceEntry &read = *found.read, &write = *found.write;
  if (low_bytes(at_write, write.size) == low_bytes(write.value, write.size)) return false;
  const auto known = followed_.find(mix(read.place.hash(), low_bytes(at_write, read.size)));
  return known != followed_.end() && known->second.left != 0 && known->second.written == 0;
}

bool AtomicityAnalysis::is_listed(const Pair& pair, bool lost_update,
                                  std::span<const std::uint64_t> sites) {
  const auto has = [&](std::uint64_t site) {
    return site == 0 || std::find(sites.begin(), sites.end(), site) != sites.end();
  };
  const CodePlace& marked = lost_update ? pair.write : pair.read;
  return has(marked.pcs[0] + 1) && std::all_of(pair.read.pcs.begin(), pair.read.pcs.end(), has) &&
         std::all_of(pair.write.pcs.begin(), pair.write.pcs.end(), has);
}

void AtomicityAnalysis::propose(const Pair& pair, bool lost_update) {
  open_.erase(pair);
  if (!proposed_.insert(pair).second) return;
  for (const CodePlace& place : {pair.read, pair.write}) {
    for (const std::uint64_t pc : place.pcs) {
      if (pc != 0) new_sites_.push_back(pc);
    }
  }
  new_sites_.push_back((lost_update ? pair.write : pair.read).pcs[0] + 1);
}

std::vector<Interruption> AtomicityAnalysis::find(const RunTrace& trace, bool finished,
                                                  std::span<const std::uint64_t> sites) {
  std::vector<Interruption> found;
  count_.clear();
  ++runs_;
  for (const auto& [accesses, at_write] : Pass(*this, trace).run(finished)) {
    const Pair pair{accesses.read->place, accesses.write->place};
    bool proven = false;
    for (const bool lost_update : {true, false}) {
      const bool proof =
          lost_update ? dependent_.contains(pair) : replays_ || contradicts(accesses, at_write);
      if (is_listed(pair, lost_update, sites)) {
        if (!lost_update && !proof) continue;
        found.push_back(accesses);
        found.back().lost_update = lost_update;
        reported_.insert(pair);
      } else if (proof && !replays_) {
        propose(pair, lost_update);
      } else {
        continue;
      }
      proven = true;
      break;
    }
    if (!proven && !proposed_.contains(pair)) open_.insert(pair);
  }
  return found;
}

bool AtomicityAnalysis::wants_more() const {
  return runs_ < kPatience && (!open_.empty() || reported_.size() < proposed_.size());
}

// ---- findings ----

namespace {

std::string value_of(const TraceEntry& entry) {
  const std::uint64_t value = low_bytes(entry.value, entry.size);
  if (like_a_pointer(value)) return "(pointer)";
  const unsigned above = entry.size >= 8 ? 0 : 64 - 8 * entry.size;
  return std::to_string(static_cast<std::int64_t>(value << above) >> above);
}

engine::Stack stack_of(const CodePlace& place) {
  engine::Stack stack;
  for (const std::uint64_t pc : place.pcs) {
    if (pc != 0) stack.pcs[stack.depth++] = pc;
  }
  return stack;
}

class Report {
 public:
  explicit Report(engine::Engine& engine) : engine_(engine) {}

  void write(const Interruption& found) {
    const void* object = reinterpret_cast<const void*>(found.write->address);
    const std::string who = name(*found.write), other = name(*found.interrupts);
    const std::string message = found.lost_update
                                    ? who + " writes %o from what it read before " + other +
                                          " changed it: that change is lost"
                                    : who + " looks at %o, " + other + " changes it, and " + who +
                                          " overwrites it as if nothing had happened";
    engine::Finding* finding =
        engine_.report(found.lost_update ? "lost-update" : "atomicity-violation", message, object);
    add(finding, found.lost_update ? "read" : "checks", *found.read,
        "reads " + value_of(*found.read));
    add(finding, found.lost_update ? "lost" : "interrupts", *found.interrupts,
        "makes it " + value_of(*found.interrupts));
    add(finding, found.lost_update ? "write" : "acts", *found.write,
        "writes " + value_of(*found.write) +
            (found.lost_update ? ", made from " + value_of(*found.read) : ""));
  }

 private:
  std::string name(const TraceEntry& entry) { return name_of(*engine_.threads()[entry.thread]); }
  void add(engine::Finding* finding, const char* role, const TraceEntry& entry,
           const std::string& detail) {
    if (engine_.journal().recording()) {
      engine_.add_site(finding, role, entry.thread,
                       reinterpret_cast<const void*>(entry.place.pcs[0]), false, entry.step,
                       detail);
    } else {
      engine_.add_site_with_stack(finding, role, entry.thread, stack_of(entry.place), detail);
    }
  }

  engine::Engine& engine_;
};

}  // namespace

void AtomicityAnalysis::judge(const RunTrace& trace, engine::RunEnd end, engine::Engine& engine) {
  Report report(engine);
  for (const Interruption& found :
       find(trace, end == engine::RunEnd::kFinished, engine.journal().racy_sites())) {
    report.write(found);
  }
}

}  // namespace chicane::monitors
