// SPDX-License-Identifier: Apache-2.0
#include "tests/differential/happens_before.h"

#include <algorithm>
#include <map>

namespace chicane::differential {
namespace {

constexpr unsigned kFirstAtomicPlace = kOrdinaryPlaces;
constexpr unsigned kFirstAtomicByte = kPlaces[kFirstAtomicPlace].offset;

bool acquires(unsigned order) { return order == 2 || order == 4 || order == 5; }
bool releases(unsigned order) { return order == 3 || order == 4 || order == 5; }

bool is_plain(const LogEntry& e) {
  return e.what == What::kPlainRead || e.what == What::kPlainWrite;
}
bool is_atomic(const LogEntry& e) {
  return e.what == What::kLoad || e.what == What::kStore || e.what == What::kRmw;
}
bool is_access(const LogEntry& e) { return is_plain(e) || is_atomic(e); }
bool writes(const LogEntry& e) {
  return e.what == What::kPlainWrite || e.what == What::kStore || e.what == What::kRmw;
}
/// A compare-exchange that has changed nothing.
bool fails(const LogEntry& e) { return e.what == What::kLoad && is_compare_exchange(e.access); }
bool is_rmw(const LogEntry& e) { return e.what == What::kRmw || fails(e); }

struct Bytes {
  unsigned begin, end;
};
Bytes bytes_of(const LogEntry& e) {
  const unsigned place = is_plain(e) ? e.object : kFirstAtomicPlace + e.object;
  if (place >= kPlaceCount)
    return {kFirstAtomicByte + 8u * e.object,
            kFirstAtomicByte + 8u * e.object + 4};  // the third atomic
  return {kPlaces[place].offset, kPlaces[place].offset + 0u + kPlaces[place].size};
}
bool overlap(const LogEntry& a, const LogEntry& b) {
  const Bytes x = bytes_of(a), y = bytes_of(b);
  return x.begin < y.end && y.begin < x.end;
}

class Graph {
 public:
  explicit Graph(const std::vector<LogEntry>& log)
      : log_(log),
        before_(log.size(), std::vector<bool>(log.size())),
        predecessor_(log.size(), kNone) {
    for (std::size_t i = 0; i < log.size(); ++i) {
      add_program_order(i);
      add_synchronization(i);
      if (is_atomic(log[i]) && log[i].what != What::kStore) add_reads_from(i);
      if (log[i].what == What::kFence && acquires(log[i].order)) add_fence(i);
    }
  }
  bool before(std::size_t a, std::size_t b) const { return before_[b][a]; }
  /// The same without what `b` itself learns.
  bool known_before(std::size_t a, std::size_t b) const {
    const std::size_t last = predecessor_[b];
    return last != kNone && (a == last || before_[last][a]);
  }

 private:
  void edge(std::size_t from, std::size_t to) {
    before_[to][from] = true;
    for (std::size_t i = 0; i < from; ++i) {
      if (before_[from][i]) before_[to][i] = true;
    }
  }

  void add_program_order(std::size_t to) {
    for (std::size_t i = to; i-- > 0;) {
      const bool creates = log_[i].what == What::kCreate && log_[i].object == log_[to].thread;
      if (log_[i].thread != log_[to].thread && !creates) continue;
      predecessor_[to] = i;
      return edge(i, to);
    }
  }

  static bool orders(const LogEntry& from, const LogEntry& to) {
    if (to.what == What::kJoin) return from.thread == to.object;
    if (from.object != to.object) return false;
    switch (to.what) {
      case What::kLock:
        return from.what == What::kUnlock;
      case What::kWriteLock:
        return from.what == What::kWriteUnlock || from.what == What::kReadUnlock;
      case What::kReadLock:
        return from.what == What::kWriteUnlock;
      case What::kReceived:
        return from.what == What::kSend && from.number == to.number;
      case What::kSent:
        return from.what == What::kReceive && from.number + kChannels[to.object] == to.number;
      case What::kSawClosed:
        return from.what == What::kClose;
      default:
        return false;
    }
  }

  void add_synchronization(std::size_t to) {
    for (std::size_t i = 0; i < to; ++i) {
      if (orders(log_[i], log_[to])) edge(i, to);
    }
  }

  /// Who releases to whoever reads what store `store` wrote: through itself, or a fence before it.
  std::vector<std::size_t> releasers(std::size_t store) const {
    std::vector<std::size_t> found;
    const LogEntry& e = log_[store];
    if (is_plain(e)) return found;
    if (releases(e.order)) found.push_back(store);
    for (std::size_t i = store; i-- > 0;) {
      const LogEntry& fence = log_[i];
      if (fence.thread != e.thread || fence.what != What::kFence || !releases(fence.order))
        continue;
      found.push_back(i);
      break;
    }
    return found;
  }

  /// The heads of all release sequences that the load at `at` reads from.
  std::vector<std::size_t> sources(std::size_t at) const {
    std::vector<std::size_t> found;
    for (std::size_t i = at; i-- > 0;) {
      if (!is_access(log_[i]) || !writes(log_[i]) || !overlap(log_[i], log_[at])) continue;
      for (const std::size_t releaser : releasers(i)) found.push_back(releaser);
      if (log_[i].what != What::kRmw) break;
    }
    return found;
  }

  void add_reads_from(std::size_t at) {
    if (!acquires(log_[at].order)) return;
    for (const std::size_t source : sources(at)) edge(source, at);
  }

  void add_fence(std::size_t fence) {
    for (std::size_t i = 0; i < fence; ++i) {
      const LogEntry& e = log_[i];
      if (e.thread != log_[fence].thread || !is_atomic(e) || e.what == What::kStore) continue;
      for (const std::size_t source : sources(i)) edge(source, fence);
    }
  }

  const std::vector<LogEntry>& log_;
  std::vector<std::vector<bool>> before_;
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::vector<std::size_t> predecessor_;
};

/// The 8 bytes of which ThreadSanitizer keeps enough.
std::set<unsigned> kept_by_tsan(const std::vector<LogEntry>& log) {
  constexpr unsigned kCellsOfTsan = 4;
  std::map<unsigned, unsigned> accesses;
  for (const LogEntry& e : log) {
    if (is_access(e)) ++accesses[bytes_of(e).begin / 8];
  }
  std::set<unsigned> kept;
  for (const auto& [granule, count] : accesses) {
    if (count <= kCellsOfTsan) kept.insert(granule);
  }
  return kept;
}

/// Whether a store that releases nothing follows one that may have released.
bool ends_a_release_sequence(const std::vector<LogEntry>& log) {
  std::set<unsigned> stored;
  for (const LogEntry& e : log) {
    if (!is_access(e) || !writes(e) || bytes_of(e).begin < kFirstAtomicByte) continue;
    if (!stored.insert(bytes_of(e).begin).second && e.what != What::kRmw) return true;
  }
  return false;
}

}  // namespace

Truth find_races(const std::vector<LogEntry>& log) {
  const Graph graph(log);
  Truth truth;
  std::set<unsigned> kept = kept_by_tsan(log);
  if (ends_a_release_sequence(log)) kept.clear();
  for (std::size_t b = 0; b < log.size(); ++b) {
    if (!is_access(log[b])) continue;
    bool late = false, claimed = false;
    for (std::size_t a = 0; a < b; ++a) {
      if (!is_access(log[a]) || !overlap(log[a], log[b])) continue;
      if (is_atomic(log[a]) && is_atomic(log[b])) continue;
      const AccessPair pair = std::minmax(log[a].access, log[b].access);
      const bool conflict = writes(log[a]) || writes(log[b]);
      if (conflict && !graph.before(a, b)) {
        truth.races.insert(pair);
        late = true;
      } else if (fails(log[a]) ? !graph.before(a, b)
                               : is_rmw(log[b]) && !graph.known_before(a, b)) {
        truth.tsan_claims.insert(pair);
        claimed = true;
      }
    }
    if (late) truth.late.insert(log[b].access);
    if (!late && !claimed) continue;
    const bool kept_until_now = kept.erase(bytes_of(log[b]).begin / 8) != 0;
    if (kept_until_now && late) truth.tsan_must_see.insert(log[b].access);
  }
  return truth;
}

}  // namespace chicane::differential
