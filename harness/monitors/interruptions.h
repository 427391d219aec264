// SPDX-License-Identifier: Apache-2.0
//
// What one run has to say about atomicity: how threads came from a read of a location to a write of
// it, and who wrote in between. Which of that is a mistake, atomicity.h finds out from many runs.
//
// Looked at are pairs of a read and a write of one thread between which another thread may write
// without a data race:
//
//     a load and a store of an atomic, or an exchange (any read-modify-write)
//     plain accesses in two critical sections of one lock, the second exclusive
//     plain accesses of a pointer to heap memory that order something else (`by_order`): the parts
//       of a std::atomic<std::shared_ptr>
//
// A thread may look again before it writes. Mostly that is a re-validation; but who swaps the new
// value in looks again, too, only to throw away what it sees. So such a pair is given with its
// `second` look.
//
// Thread safety: values.
// Cost: about 100 ns per access.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "monitors/run_trace.h"

namespace chicane::monitors {

/// A thread came from `read` to `write`. They point into the trace.
struct Moment {
  const TraceEntry *read, *write;
  /// The last look before the write, when that is not `read`; for a read-modify-write, the access
  /// that left what it found.
  const TraceEntry* second = nullptr;
  /// The last access before the write: what the location held.
  const TraceEntry* before_write = nullptr;
  /// The last write by another thread since `read`; before `second`, when there is one.
  const TraceEntry* interrupts = nullptr;
  /// It destroys something: what that thread wrote was still there, and is not what was read.
  bool interrupted = false;
  bool by_order = false;
};

/// A read, and whether its thread went on to write there.
using Followed = std::pair<const TraceEntry*, bool>;

struct Looks {
  std::vector<Moment> moments;
  std::vector<Followed> followed;
};

/// `finished`: the run came to its end, so that what is still looked at then was left alone.
Looks find_looks(const RunTrace& trace, bool finished);

/// The numbers by which to compare what two accesses of a location read or wrote: pointers into two
/// blocks by the contents of those.
std::pair<std::uint64_t, std::uint64_t> meanings(const TraceEntry& one, const TraceEntry& other);

}  // namespace chicane::monitors
