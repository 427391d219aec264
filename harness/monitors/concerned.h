// SPDX-License-Identifier: Apache-2.0
//
// What of a run matters to whoever looks for interruptions of listed places only (atomicity.h, in
// the replay of a witness): the accesses to memory that was read at one of these places before, the
// locks that are held at them, and, once they are of pointers, the order of threads. Of a thousand
// steps that is a handful.
//
// Thread safety: engine context.
// Invariants:
//   I1. AtomicityAnalysis::find, when it replays, finds the same in a trace of what matters as in
//       the trace of everything.
//   I2. It takes memory from the heap in large pieces only (heap_contents.h).
// Cost: 5 ns per access.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "monitors/run_trace.h"

namespace chicane::monitors {

class Concerned {
 public:
  /// A run begins. `sites`: the racy sites.
  void begin(std::span<const std::uint64_t> sites);
  /// Whether this access matters; to be asked of each, in their order. Before its value is known.
  bool access(TraceEntry::What what, std::uint64_t address, std::size_t size, std::uint64_t site);
  /// Whether any has.
  bool any() const { return words_ && !words_->empty(); }
  /// A plain read that matters was of a pointer to a heap block. From here on the order of threads
  /// matters, too (`by_order` in interruptions.h).
  void saw_pointer() { order_ = true; }
  bool order() const { return order_; }
  /// What was locked and is unlocked before any access matters might as well not have been. True
  /// when the locking was in `trace`; it is not any more.
  bool forget_lock(RunTrace* trace, engine::ThreadId thread, std::uint64_t lock) const;

 private:
  static constexpr std::uint64_t kWord = 8;
  /// Whether any of these words is concerned.
  bool has(std::uint64_t first, std::uint64_t last) const;

  bool order_ = false;
  std::vector<std::uint64_t> sites_;  // sorted
  std::pmr::monotonic_buffer_resource memory_{1 << 16};
  std::optional<std::pmr::unordered_set<std::uint64_t>> words_;  // read at one of them before
};

}  // namespace chicane::monitors
