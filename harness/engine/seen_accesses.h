// SPDX-License-Identifier: Apache-2.0
//
// The plain accesses that the race monitor has seen twice since anything changed: to tell it of
// them once more would change nothing, so they end where they come in. That makes a loop over an
// array as fast as it is with ThreadSanitizer (bench/compare_bench.cc has the ratio). The engine's
// last call site is then that of an earlier access of the same step.
//
// An entry holds for one stamp. The stamp changes with each step (so with each switch of threads),
// each segment of a thread (vector_clock.h), each block of memory given out or freed, each run.
//
// Thread safety: program thread, or engine context.
// Invariants:
//   I1. An entry with the present stamp: the running thread has made this access, or for a read a
//       write of the same bytes, and whatever would race with it now would have raced with that.
//   I2. While somebody wants every access, the stamp is 0 and nothing is entered: in a recorded
//       run, in one with racy sites, and where a recorder listens.
//   I3. No entry has a stamp that is still to come: when the stamps have all been used, every entry
//       is cleared, and they begin anew.
// Cost: nine instructions, from the access to its return.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace chicane::engine {

struct SeenAccess {
  std::uint64_t what;  // stamp, address, size, whether it writes; 0: nothing
  // How often it has passed since it was told last, less kPasses: at 0 it is told once more, so
  // that g_quick_accesses goes down.
  std::uint64_t passed;
};

inline constexpr std::size_t kSeenAccesses = 64;
inline constexpr std::uint64_t kPasses = 64;
/// Stamps count in the bits above an address of the program's (48 bits) and an access's size.
inline constexpr std::uint64_t kStampUnit = std::uint64_t{1} << 53;
inline SeenAccess g_seen_accesses[kSeenAccesses];
inline std::uint64_t g_access_stamp = 0;       // 0 outside of runs, too
inline std::uint64_t g_access_stamp_unit = 0;  // kStampUnit unless the stamp is 0
/// Plain accesses of the running thread that need no look by the engine before its next operation.
inline std::uint64_t g_quick_accesses = 0;

/// The entry in which an access to `address` would be.
inline SeenAccess& seen_access(std::uint64_t address) {
  return g_seen_accesses[(address >> 2) % kSeenAccesses];
}

/// What its entry says now. `size` is 1 to 16.
inline std::uint64_t seen_now(std::uint64_t address, std::size_t size, bool write) {
  return (address << 5 | (size - 1) << 1 | (write ? 1 : 0)) | g_access_stamp;
}

inline bool is_seen(const SeenAccess& seen, std::uint64_t address, std::size_t size, bool write) {
  return (write ? seen.what : seen.what | 1) == seen_now(address, size, true);
}

/// Enters an access, or lets it pass anew; then those that have passed are counted.
inline void note_seen(std::uint64_t address, std::size_t size, bool write) {
  if (g_access_stamp == 0) return;
  SeenAccess& seen = seen_access(address);
  const std::uint64_t what = seen_now(address, size, write);
  if (seen.what == what) g_quick_accesses -= std::min(g_quick_accesses, kPasses);
  seen = {what, 0 - kPasses};
}

[[gnu::cold, gnu::noinline]] inline void begin_stamps_anew() {
  for (SeenAccess& seen : g_seen_accesses) seen.what = 0;
  g_access_stamp = g_access_stamp_unit;
}

/// What was seen must be seen again.
inline void forget_seen() {
  g_access_stamp += g_access_stamp_unit;
  if (g_access_stamp < g_access_stamp_unit) [[unlikely]]
    begin_stamps_anew();
}

}  // namespace chicane::engine
