// SPDX-License-Identifier: Apache-2.0
#include "monitors/race_prediction.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <unordered_map>

#include "engine/engine.h"

namespace chicane::monitors {
namespace {

using engine::PredictedRace;
using engine::ThreadId;

/// How many entries of each thread: a prefix of each, or what an entry needs.
using Prefixes = std::vector<std::uint32_t>;

void join(Prefixes& to, std::span<const std::uint32_t> from) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = std::max(to[i], from[i]);
}

/// Whether what was acquired or released in a step was a lock.
struct StepLocks {
  bool taken = false, dropped = false;
};

/// The trace with what each entry needs.
class Needs {
 public:
  explicit Needs(const RunTrace& trace)
      : entries_(trace.entries.data(),
                 std::min(trace.entries.size(), RacePrediction::kMaxEntries)) {
    find_threads();
    if (threads_.size() > RacePrediction::kMaxThreads) entries_ = {};
    find_lock_edges();
    compute(false, &needs_);
    compute(true, &strict_needs_);
  }

  std::span<const TraceEntry> entries() const { return entries_; }
  std::size_t threads() const { return threads_.size(); }
  std::uint32_t thread(std::size_t entry) const { return thread_[entry]; }
  /// The how many-th entry of its thread it is, from 1.
  std::uint32_t position(std::size_t entry) const { return position_[entry]; }
  /// Of each thread, the entries without which this one cannot be; itself among them.
  std::span<const std::uint32_t> of(std::size_t entry, bool strict) const {
    const auto& needs = strict ? strict_needs_ : needs_;
    return {needs.data() + entry * threads_.size(), threads_.size()};
  }
  /// The entry of the same thread before it; `entry` itself when there is none.
  std::size_t before(std::size_t entry) const { return before_[entry]; }

 private:
  void find_threads() {
    std::vector<std::size_t> last;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const auto index = static_cast<std::uint32_t>(threads_.size());
      const auto [at, fresh] = threads_.try_emplace(entries_[i].thread, index);
      if (fresh) {
        last.push_back(i);
        counts_.push_back(0);
      }
      thread_.push_back(at->second);
      position_.push_back(++counts_[at->second]);
      before_.push_back(last[at->second]);
      last[at->second] = i;
    }
  }

  /// An edge that always comes with a lock is the lock's: its order is the schedule's.
  void find_lock_edges() {
    std::unordered_map<std::uint64_t, StepLocks> steps;
    for (const TraceEntry& entry : entries_) {
      if (entry.what == TraceEntry::kLock || entry.what == TraceEntry::kReadLock) {
        steps[entry.step].taken = true;
      } else if (entry.what == TraceEntry::kUnlock || entry.what == TraceEntry::kReadUnlock) {
        steps[entry.step].dropped = true;
      }
    }
    for (const TraceEntry& entry : entries_) {
      const bool acquires = entry.what == TraceEntry::kAcquire;
      if (!acquires && entry.what != TraceEntry::kRelease &&
          entry.what != TraceEntry::kReleaseStore) {
        continue;
      }
      const auto step = steps.find(entry.step);
      const bool with_lock =
          step != steps.end() && (acquires ? step->second.taken : step->second.dropped);
      const auto [at, fresh] = is_lock_edge_.try_emplace(entry.address, with_lock);
      if (!fresh && !with_lock) at->second = false;
    }
  }

  void compute(bool strict, std::vector<std::uint32_t>* result) const {
    const std::size_t width = threads_.size();
    std::vector<Prefixes> clocks(width, Prefixes(width));
    std::unordered_map<std::uint64_t, Prefixes> syncs, atomics, writes;
    const auto learn = [](Prefixes& clock, const auto& from, std::uint64_t key) {
      const auto known = from.find(key);
      if (known != from.end()) join(clock, known->second);
    };
    const auto add = [width](Prefixes& to, const Prefixes& clock) {
      to.resize(width);
      join(to, clock);
    };
    result->reserve(entries_.size() * width);
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const TraceEntry& entry = entries_[i];
      Prefixes& clock = clocks[thread_[i]];
      clock[thread_[i]] = position_[i];
      const bool hard = !entry.is_access() && !is_lock_edge(entry.address);
      if (entry.what == TraceEntry::kAcquire && hard) learn(clock, syncs, entry.address);
      if (entry.what == TraceEntry::kRelease && hard) add(syncs[entry.address], clock);
      if (entry.what == TraceEntry::kReleaseStore && hard) syncs[entry.address] = clock;
      if (entry.is_atomic() && entry.reads()) learn(clock, atomics, entry.address);
      if (entry.is_atomic() && entry.writes()) atomics[entry.address] = clock;
      if (strict && entry.is_access()) {
        const std::uint64_t granule = entry.address >> 3;
        if (entry.reads()) learn(clock, writes, granule);
        if (entry.writes()) add(writes[granule], clock);
      }
      result->insert(result->end(), clock.begin(), clock.end());
    }
  }

  bool is_lock_edge(std::uint64_t address) const {
    const auto known = is_lock_edge_.find(address);
    return known != is_lock_edge_.end() && known->second;
  }

  std::span<const TraceEntry> entries_;
  std::unordered_map<ThreadId, std::uint32_t> threads_;
  std::vector<std::uint32_t> thread_, position_, counts_;
  std::vector<std::size_t> before_;
  std::unordered_map<std::uint64_t, bool> is_lock_edge_;
  std::vector<std::uint32_t> needs_, strict_needs_;
};

/// The two that are to meet.
using Accesses = std::array<std::size_t, 2>;

/// The critical sections of a run, by lock, in the order of their acquisitions.
class Sections {
 public:
  explicit Sections(const Needs& needs) : needs_(needs) {
    const auto entries = needs.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const TraceEntry& entry = entries[i];
      if (entry.what == TraceEntry::kLock || entry.what == TraceEntry::kReadLock) {
        by_lock_[entry.address].push_back({i, kOpen, entry.what == TraceEntry::kReadLock});
      } else if (entry.what == TraceEntry::kUnlock || entry.what == TraceEntry::kReadUnlock) {
        close(by_lock_[entry.address], i);
      }
    }
  }

  /// Makes `prefixes` such that nobody has to wait for a lock that is never released in them. False
  /// when one of the `accesses` would have to be among them for that.
  bool complete(Prefixes& prefixes, bool strict, const Accesses& accesses) const {
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& [lock, sections] : by_lock_) {
        for (const Section* section : open_in(sections, prefixes)) {
          if (!has_to_end(*section, sections, prefixes, strict, accesses)) continue;
          if (section->released == kOpen) return false;
          join(prefixes, needs_.of(section->released, strict));
          changed = true;
          break;  // others may have been ended, too
        }
        for (const std::size_t access : accesses) {
          if (has(prefixes, access)) return false;
        }
      }
    }
    return true;
  }

  bool has(const Prefixes& prefixes, std::size_t entry) const {
    return prefixes[needs_.thread(entry)] >= needs_.position(entry);
  }

 private:
  static constexpr std::size_t kOpen = ~std::size_t{0};
  struct Section {
    std::size_t acquired, released;
    bool shared;
  };

  std::vector<const Section*> open_in(const std::vector<Section>& sections,
                                      const Prefixes& prefixes) const {
    std::vector<const Section*> open;
    for (const Section& section : sections) {
      if (!has(prefixes, section.acquired)) continue;
      if (section.released == kOpen || !has(prefixes, section.released)) open.push_back(&section);
    }
    return open;
  }

  /// A section that stays open is the last one of its lock. With the locks' order of the run
  /// (`strict`), that is the last one there; else any that no other one needs to have begun.
  bool has_to_end(const Section& section, const std::vector<Section>& sections,
                  const Prefixes& prefixes, bool strict, const Accesses& accesses) const {
    for (const Section& other : sections) {
      if (&other == &section || (other.shared && section.shared)) continue;
      if (!has(prefixes, other.acquired)) continue;
      const bool later = other.acquired > section.acquired;
      if (strict) {
        if (later) return true;
        continue;
      }
      if (needs(other.acquired, section.acquired)) return true;
      const bool other_open = other.released == kOpen || !has(prefixes, other.released);
      // One of the two: the earlier one, unless that is held at an access.
      if (other_open && can_end(later ? section : other, accesses) == later) return true;
    }
    return false;
  }

  bool can_end(const Section& section, const Accesses& accesses) const {
    return section.released != kOpen &&
           std::none_of(accesses.begin(), accesses.end(),
                        [&](std::size_t access) { return needs(section.released, access); });
  }

  /// Whether `entry` cannot be without `other`, whatever the locks' order.
  bool needs(std::size_t entry, std::size_t other) const {
    return needs_.of(entry, false)[needs_.thread(other)] >= needs_.position(other);
  }

  /// By the thread's own last one; Go lets another goroutine unlock.
  void close(std::vector<Section>& sections, std::size_t entry) {
    Section* found = nullptr;
    for (Section& section : sections) {
      if (section.released != kOpen) continue;
      const bool own = needs_.thread(section.acquired) == needs_.thread(entry);
      if (own || found == nullptr) found = &section;
      if (own) break;
    }
    if (found != nullptr) found->released = entry;
  }

  const Needs& needs_;
  std::map<std::uint64_t, std::vector<Section>> by_lock_;
};

class Predictor {
 public:
  explicit Predictor(const RunTrace& trace) : needs_(trace), sections_(needs_) {}

  std::vector<PredictedRace> run() {
    const auto entries = needs_.entries();
    for (std::size_t i = 0; i < entries.size(); ++i) {
      const TraceEntry& entry = entries[i];
      if (entry.what == TraceEntry::kForget) {
        forget(entry.address, entry.value);
      } else if (entry.is_access()) {
        access(i);
      }
    }
    return std::move(found_);
  }

 private:
  /// Of one granule, the accesses that later ones are held against: of each thread and place the
  /// last few.
  static constexpr std::size_t kKept = 32, kOfOnePlace = 2;
  /// Pairs of entries that are tried for one pair of places.
  static constexpr unsigned kTries = 4;

  void forget(std::uint64_t address, std::uint64_t size) {
    granules_.erase(granules_.lower_bound(address >> 3),
                    granules_.lower_bound((address + size + 7) >> 3));
  }

  void access(std::size_t entry) {
    const TraceEntry& now = needs_.entries()[entry];
    const std::uint64_t site = now.place.pcs[0];
    const std::uint32_t count = ++counts_[{now.thread, site}];
    count_of_[entry] = count;
    constexpr std::uint64_t kMostGranules = 8;
    const std::uint64_t first = now.address >> 3;
    const std::uint64_t last = (now.address + std::max(now.size, 1u) - 1) >> 3;
    for (std::uint64_t granule = first; granule <= std::min(last, first + kMostGranules);
         ++granule) {
      std::vector<std::size_t>& known = granules_[granule];
      for (const std::size_t before : known) try_pair(before, entry);
      keep(known, entry);
    }
  }

  void keep(std::vector<std::size_t>& known, std::size_t entry) {
    const auto same = [&](std::size_t other) {
      const TraceEntry &a = needs_.entries()[other], &b = needs_.entries()[entry];
      return a.thread == b.thread && a.place.pcs[0] == b.place.pcs[0];
    };
    if (static_cast<std::size_t>(std::count_if(known.begin(), known.end(), same)) >= kOfOnePlace) {
      known.erase(std::find_if(known.begin(), known.end(), same));
    } else if (known.size() == kKept) {
      known.erase(known.begin());
    }
    known.push_back(entry);
  }

  void try_pair(std::size_t first, std::size_t second) {
    const TraceEntry &a = needs_.entries()[first], &b = needs_.entries()[second];
    if (a.thread == b.thread || !(a.writes() || b.writes())) return;
    if (a.is_atomic() && b.is_atomic()) return;
    if (a.address >= b.address + b.size || b.address >= a.address + a.size) return;
    // What creation, join, atomics and messages order stays so.
    if (needs_.of(second, false)[needs_.thread(first)] >= needs_.position(first)) return;
    unsigned& tries = tries_[std::minmax(a.place.pcs[0], b.place.pcs[0])];
    if (tries >= kTries || !can_meet(first, second, false)) return;
    const bool sure = can_meet(first, second, true);
    tries = sure ? kTries : tries + 1;
    const auto same = std::find_if(found_.begin(), found_.end(), [&](const PredictedRace& race) {
      return race.first.site == a.place.pcs[0] && race.second.site == b.place.pcs[0];
    });
    const PredictedRace race{access_of(first), access_of(second), 0, sure};
    if (same == found_.end()) {
      found_.push_back(race);
    } else if (sure) {
      *same = race;
    }
  }

  bool can_meet(std::size_t first, std::size_t second, bool strict) const {
    Prefixes prefixes(needs_.threads());
    for (const std::size_t access : {first, second}) {
      const std::size_t before = needs_.before(access);
      if (before != access) join(prefixes, needs_.of(before, strict));
    }
    if (sections_.has(prefixes, first) || sections_.has(prefixes, second)) return false;
    return sections_.complete(prefixes, strict, {first, second});
  }

  PredictedRace::Access access_of(std::size_t entry) const {
    const TraceEntry& access = needs_.entries()[entry];
    return {access.thread, access.place.pcs[0], access.address, count_of_.at(entry)};
  }

  Needs needs_;
  Sections sections_;
  std::map<std::uint64_t, std::vector<std::size_t>> granules_;
  std::map<std::pair<ThreadId, std::uint64_t>, std::uint32_t> counts_;
  std::unordered_map<std::size_t, std::uint32_t> count_of_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned> tries_;
  std::vector<PredictedRace> found_;
};

/// Whether the run had it: then there is nothing to predict.
bool was_found(const engine::Journal& journal, const PredictedRace& race) {
  for (const engine::Finding& finding : journal.findings()) {
    if (std::strcmp(finding.kind, "data-race") != 0) continue;
    const auto sites = journal.sites(finding);
    if (sites.size() != 2 || sites[0].stack.depth == 0 || sites[1].stack.depth == 0) continue;
    if (std::minmax(sites[0].stack.pcs[0], sites[1].stack.pcs[0]) ==
        std::minmax(race.first.site, race.second.site)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<PredictedRace> predict_races(const RunTrace& trace) { return Predictor(trace).run(); }

void RacePrediction::judge(const RunTrace& trace, engine::RunEnd, engine::Engine& engine) {
  if (++runs_ > kRuns) return;
  engine::Journal& journal = engine.journal();
  for (PredictedRace race : predict_races(trace)) {
    race.run = journal.counters().run;
    if (!was_found(journal, race)) journal.add_prediction(race);
  }
}

}  // namespace chicane::monitors
