// SPDX-License-Identifier: Apache-2.0
//
// For tests: happens-before by brute force. A trace is a list of events in the order in which they
// took effect. Its happens-before relation is made as a graph, edge by edge from the words of the
// C++20 standard ([intro.races], [atomics.order], [atomics.fences]), and closed transitively; races
// are then looked for among all pairs of events and all bytes. No clocks, no epochs, and nothing in
// common with race_detector.cc.
//
// Thread safety: values.
// Cost: cubic in the number of events, at most kMaxEvents.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "engine/monitor.h"

namespace chicane::monitors::oracle {

inline constexpr std::size_t kMaxEvents = 256;

enum class What { kPlain, kAtomic, kFence, kAcquire, kRelease, kReleaseStore, kForget };

struct TraceEvent {
  What what;
  engine::ThreadId thread;
  std::uint64_t address = 0;
  std::size_t size = 0;
  bool reads = false, writes = false;
  engine::MemoryOrder order = engine::MemoryOrder::kRelaxed;
};

class Oracle {
 public:
  explicit Oracle(const std::vector<TraceEvent>& trace) : trace_(trace), before_(trace.size()) {
    for (std::size_t i = 0; i < trace.size(); ++i) {
      add_edges_into(i);
      for (std::size_t k = 0; k < i; ++k) {
        if (edge_[i][k]) before_[i] |= before_[k];
      }
      before_[i] |= edge_[i];
    }
  }

  bool happens_before(std::size_t a, std::size_t b) const { return before_[b][a]; }

  /// Whether events `a` < `b` race on this byte.
  bool race(std::size_t a, std::size_t b, std::uint64_t byte) const {
    const TraceEvent &x = trace_[a], &y = trace_[b];
    if (!is_access(x) || !is_access(y) || !has(x, byte) || !has(y, byte)) return false;
    if (!x.writes && !y.writes) return false;
    if (x.what == What::kAtomic && y.what == What::kAtomic) return false;
    if (happens_before(a, b)) return false;
    for (std::size_t k = a + 1; k < b; ++k) {
      if (trace_[k].what == What::kForget && has(trace_[k], byte)) return false;
    }
    return true;
  }

  /// The bytes of event `b` on which it races with something earlier.
  std::set<std::uint64_t> racing_bytes(std::size_t b) const {
    std::set<std::uint64_t> bytes;
    if (!is_access(trace_[b])) return bytes;
    for (std::uint64_t i = 0; i < trace_[b].size; ++i) {
      for (std::size_t a = 0; a < b; ++a) {
        if (race(a, b, trace_[b].address + i)) bytes.insert(trace_[b].address + i);
      }
    }
    return bytes;
  }

 private:
  using Set = std::bitset<kMaxEvents>;

  static bool is_access(const TraceEvent& event) {
    return event.what == What::kPlain || event.what == What::kAtomic;
  }
  static bool has(const TraceEvent& event, std::uint64_t byte) {
    return byte >= event.address && byte - event.address < event.size;
  }
  static bool overlap(const TraceEvent& a, const TraceEvent& b) {
    return a.address < b.address + b.size && b.address < a.address + a.size;
  }
  static bool is_acquire(engine::MemoryOrder order) {
    using enum engine::MemoryOrder;
    return order == kAcquire || order == kAcqRel || order == kSeqCst || order == kConsume;
  }
  static bool is_release(engine::MemoryOrder order) {
    using enum engine::MemoryOrder;
    return order == kRelease || order == kAcqRel || order == kSeqCst;
  }

  void add_edges_into(std::size_t i) {
    const TraceEvent& event = trace_[i];
    edge_.emplace_back();
    for (std::size_t k = 0; k < i; ++k) {
      if (trace_[k].thread == event.thread && trace_[k].what != What::kForget) edge_[i].set(k);
    }
    if (event.what == What::kAcquire) add_sync_edges(i);
    // An atomic read synchronizes if it acquires itself...
    if (event.what == What::kAtomic && event.reads && is_acquire(event.order)) {
      edge_[i] |= synchronizes_from(i);
    }
    // ...and an acquire fence through every atomic read that its thread did before it.
    if (event.what == What::kFence && is_acquire(event.order)) {
      for (std::size_t k = 0; k < i; ++k) {
        const TraceEvent& read = trace_[k];
        if (read.thread == event.thread && read.what == What::kAtomic && read.reads) {
          edge_[i] |= synchronizes_from(k);
        }
      }
    }
  }

  void add_sync_edges(std::size_t i) {
    for (std::size_t k = i; k-- > 0;) {
      const TraceEvent& other = trace_[k];
      if (other.what == What::kForget && has(other, trace_[i].address)) break;
      if (other.address != trace_[i].address) continue;
      if (other.what == What::kRelease || other.what == What::kReleaseStore) edge_[i].set(k);
      if (other.what == What::kReleaseStore) break;
    }
  }

  /// The last event before `i` that wrote to the bytes of the atomic of event `i`; -1: none.
  int previous_modification(std::size_t i) const {
    for (std::size_t k = i; k-- > 0;) {
      const TraceEvent& other = trace_[k];
      const bool touches = other.what == What::kForget || (is_access(other) && other.writes);
      if (touches && overlap(other, trace_[i])) return static_cast<int>(k);
    }
    return -1;
  }

  /// The releases (stores or fences) whose release sequence the atomic read `i` reads from.
  Set synchronizes_from(std::size_t i) const {
    Set sources;
    for (int m = previous_modification(i); m >= 0;
         m = previous_modification(static_cast<std::size_t>(m))) {
      const TraceEvent& head = trace_[static_cast<std::size_t>(m)];
      if (head.what != What::kAtomic) break;
      if (is_release(head.order)) sources.set(static_cast<std::size_t>(m));
      for (int f = 0; f < m; ++f) {
        const TraceEvent& fence = trace_[static_cast<std::size_t>(f)];
        const bool counts = fence.what == What::kFence && is_release(fence.order);
        if (counts && fence.thread == head.thread) sources.set(static_cast<std::size_t>(f));
      }
      if (!head.reads) break;  // only read-modify-writes continue a sequence
    }
    return sources;
  }

  const std::vector<TraceEvent>& trace_;
  std::vector<Set> edge_;    // edge_[i][k]: k -> i
  std::vector<Set> before_;  // its closure
};

}  // namespace chicane::monitors::oracle
