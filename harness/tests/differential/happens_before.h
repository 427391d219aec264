// SPDX-License-Identifier: Apache-2.0
//
// Which accesses of a run race, by brute force: the happens-before relation is made as a graph from
// the words of the C++20 standard and of Go's memory model, closed transitively, and every pair of
// accesses is looked at. It knows the log of the machine and nothing of the engine's edges, clocks
// or monitors, so that it can decide who is right when they differ.
//
//     from                                  to
//     each event of a thread                the next one of it
//     create t                              t's first event
//     t's last event                        join t
//     unlock m                              each later lock m
//     unlock rw                             each later lock_rw
//     unlock_rw                             each later lock_shared
//     n-th send begins                      n-th receive is complete
//     n-th receive begins                   (n + capacity)-th send is complete
//     close                                 a receive that sees it
//     release store w, or release fence     acquire load r, or an acquire fence after it, where r
//     before w                              reads w or a read-modify-write of w's release sequence
//
// Thread safety: values.
// Cost: quadratic in the number of events.
#pragma once

#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "tests/differential/machine.h"

namespace chicane::differential {

/// Two accesses that race, the smaller number first.
using AccessPair = std::pair<std::uint16_t, std::uint16_t>;

struct Truth {
  /// Every pair that races somewhere in the run.
  std::set<AccessPair> races;
  /// Every access that races with an earlier one.
  std::set<std::uint16_t> late;
  /// Those that ThreadSanitizer must report; its known limits excuse it from the others:
  ///   - after a race it forgets what it knew of those 8 bytes, and ignores reads of them from then
  ///     on;
  ///   - it keeps 4 accesses per 8 bytes, and forgets one at random when there are more;
  ///   - a store that releases nothing does not end the release sequence of an earlier one for it,
  ///     so it may take a later load to be ordered that is not;
  ///   - when a thread's clock is full, after 16,383 releases, it does not report races with the
  ///     thread's next accesses: differential_main.cc begins a new process before.
  std::set<std::uint16_t> tsan_must_see;
  /// And those that it may report though they do not race: it takes a compare-exchange that fails
  /// for a write.
  std::set<AccessPair> tsan_claims;
};

Truth find_races(const std::vector<LogEntry>& log);

}  // namespace chicane::differential
