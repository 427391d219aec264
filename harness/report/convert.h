// SPDX-License-Identifier: Apache-2.0
//
// A run's raw records (addresses and numbers, engine/finding.h) -> a Diagnosis in the program's own
// words: threads, variables, values, places.
//
// Thread safety: one thread, outside of a run.
// Invariants:
//   I1. Same records, same text; no raw address appears in it.
//   I2. An object has one name throughout a diagnosis: its variable, or where it has none its kind
//       and a number in the order of first use ("lock 1", "channel 2").
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "chicane/chicane.h"
#include "engine/finding.h"
#include "engine/journal.h"
#include "report/symbolizer.h"

namespace chicane::report {

/// What one run left: the sites of the finding, and the trace and threads of the (recorded) run.
/// The trace may be empty.
struct RawRun {
  std::span<const engine::FindingSite> sites;
  std::span<const engine::TraceRecord> trace;  // what is to be told of it
  std::span<const engine::ThreadRecord> threads;
  std::span<const engine::TraceRecord> whole = {};  // all of it
  std::span<const engine::AllocationRecord> allocations = {};
};

/// `leg`, `witness`, `schedule` and `original_length` are left to the caller. In messages and
/// details "%o" stands for the object's name. `confirmed` is true except for lock-order-inversion.
Diagnosis convert(const RawRun& run, const engine::Finding& finding, Symbolizer& symbolizer);

/// The name of a thread: "main", "goroutine 2", "thread 1", and its own name where it has one.
std::string thread_name(const engine::ThreadRecord& thread);
/// A value of `size` bytes as a person writes it: a signed decimal; "(pointer)" for what looks like
/// an address.
std::string value_text(std::uint64_t value, unsigned size);

}  // namespace chicane::report
