// SPDX-License-Identifier: Apache-2.0
//
// What the recorded run of a race says of it beyond the two accesses themselves: the values, the
// locks, what would have ordered them, and what the memory held in the end. All of it is read off
// the trace, so that it costs the runs of the search nothing.
//
// Thread safety: pure functions.
// Invariants:
//   I1. Nothing is guessed: what the trace does not show gives an empty answer.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/finding.h"
#include "engine/journal.h"

namespace chicane::report {

/// One of the two accesses.
struct AccessFacts {
  /// Its place in the trace; null when it is not there (ThreadSanitizer's accesses are not).
  const engine::TraceRecord* record = nullptr;
  /// The acquisitions of the locks that its thread held, outermost first.
  std::vector<const engine::TraceRecord*> held;

  bool writes() const { return record->kind != engine::OpKind::kRead; }
};

bool is_access(engine::OpKind kind);
inline bool is_free(const AccessFacts& access) {
  return access.record != nullptr && access.record->frees != 0;
}

/// The access that a finding's site speaks of.
AccessFacts facts_of(std::span<const engine::TraceRecord> trace, const engine::FindingSite& site,
                     std::uint64_t object);

/// How a sentence speaks of what the trace has.
struct FactWords {
  std::function<std::string(const engine::TraceRecord&)> object;  // "`mu`"
  std::function<std::string(engine::ThreadId)> thread;            // "goroutine 2"
  std::function<std::string(const engine::Stack&)> place;         // "bad.cc:12"
};

/// What would order the two, in words: "`mu`, which goroutine 1 holds, held by goroutine 2 too".
std::string would_order(std::span<const engine::TraceRecord> trace,
                        std::span<const engine::ThreadRecord> threads, const AccessFacts& one,
                        const AccessFacts& other, const FactWords& words);

/// An object of a run, such that it can be found in another run of the same program: its address
/// may be another one there.
struct RunObject {
  engine::Place place;
  engine::AllocationRecord block{};  // on the heap
  std::size_t ordinal = 0;           // which of the blocks that were allocated there it is
};

RunObject object_of(std::span<const engine::AllocationRecord> allocations,
                    const engine::Place& place, std::uint64_t step);

/// What it held after the last access of the run that these are of; empty when that cannot be told.
/// Accesses of whoever had the memory later do not count.
std::string last_value(std::span<const engine::TraceRecord> trace,
                       std::span<const engine::AllocationRecord> allocations,
                       const RunObject& object);

/// The block at an address at a step; null when it is none that the program allocated.
const engine::AllocationRecord* block_at(std::span<const engine::AllocationRecord> allocations,
                                         std::uint64_t address, std::uint64_t step);

}  // namespace chicane::report
