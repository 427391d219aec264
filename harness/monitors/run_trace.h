// SPDX-License-Identifier: Apache-2.0
//
// What a run did, in order: accesses with their values, locks, and what else orders threads. The
// analyses that look at a whole run (atomicity.h, race_prediction.h) work on it after the run's
// end, so that they are functions of a value, and cost the program's steps nothing.
//
// Thread safety: values.
// Invariants:
//   I1. Entries stand in the order in which they took effect.
//   I2. A trace that is `truncated` is the beginning of the run: a run by itself.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "engine/monitor.h"

namespace chicane::monitors {

/// Where something was done: the call site, and the callers above it. `std::atomic<int>::load` is
/// the same place for all its users: the callers tell them apart.
struct CodePlace {
  static constexpr std::size_t kDepth = 4;
  std::array<std::uint64_t, kDepth> pcs{};

  bool operator==(const CodePlace&) const = default;
  std::uint64_t hash() const {
    std::uint64_t hash = 0;
    for (const std::uint64_t pc : pcs) hash = (hash ^ pc) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 32;
  }
};

struct TraceEntry {
  enum What : std::uint8_t {
    kRead,
    kWrite,
    kAtomicLoad,
    kAtomicStore,
    kAtomicRmw,
    kFence,
    kLock,
    kReadLock,
    kUnlock,
    kReadUnlock,
    kAcquire,
    kRelease,
    kReleaseStore,
    kForget,  // memory got a new owner: [address, address + value)
  };
  What what;
  engine::MemoryOrder order = engine::MemoryOrder::kRelaxed;
  engine::ThreadId thread;
  std::uint32_t size = 0;
  std::uint64_t address = 0;
  /// Of an access to at most 8 bytes: what was read, or what the location held afterwards.
  std::uint64_t value = 0;
  /// Of a pointer into a heap block: what is there, and where the block begins (heap_contents.h).
  std::uint64_t contents = 0, block = 0;
  std::uint64_t step = 0;
  CodePlace place{};

  bool is_atomic() const { return what >= kAtomicLoad && what <= kAtomicRmw; }
  bool is_access() const { return what <= kAtomicRmw; }
  bool reads() const { return what == kRead || what == kAtomicLoad || what == kAtomicRmw; }
  bool writes() const { return is_access() && what != kRead && what != kAtomicLoad; }
};

struct RunTrace {
  std::vector<TraceEntry> entries;
  bool truncated = false;
};

/// Something that looks at whole runs.
class TraceAnalysis {
 public:
  virtual ~TraceAnalysis() = default;
  /// After a run that was watched. It may write findings.
  virtual void judge(const RunTrace& trace, engine::RunEnd end, engine::Engine& engine) = 0;
  /// Whether it has to see further runs, beyond the first ones that are watched anyhow.
  virtual bool wants_more() const { return false; }
  /// Sites to be racy (engine/journal.h) from the next run on; each is given once.
  virtual std::vector<std::uint64_t> take_new_sites() { return {}; }
};

}  // namespace chicane::monitors
