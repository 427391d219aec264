// SPDX-License-Identifier: Apache-2.0
//
// The plain accesses that the race monitor has seen twice since anything changed: to tell it of
// them once more would change nothing, so they end where they come in. What is one access of a loop
// over an array is thereby as short as ThreadSanitizer's.
//
// An entry holds for one stamp. The stamp changes with each step (so with each switch of threads),
// each segment of a thread (vector_clock.h), each block of memory given out or freed, each run.
//
// Thread safety: program thread, or engine context.
// Invariants:
//   I1. An entry with the present stamp: the running thread has made this access, or for a read a
//       write of the same bytes, and whatever would race with it now would have raced with that.
//   I2. While somebody wants every access (a recorded run, one with racy sites, a recorder), the
//   stamp
//       is 0, and nothing is entered.
// Cost: twelve instructions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chicane::engine {

struct SeenAccess {
  std::uint64_t tag;
  std::uint64_t stamp;
  std::uint64_t left;  // how often it may be skipped until the engine hears of it, for its counts
  std::uint64_t unused;
};

inline constexpr std::size_t kSeenAccesses = 64;
inline constexpr std::uint64_t kSkips = 64;
inline constexpr std::uint64_t kNoStamp = ~std::uint64_t{0};
inline SeenAccess g_seen_accesses[kSeenAccesses];
inline std::uint64_t g_access_stamp = 0;       // 0 outside of runs, too
inline std::uint64_t g_access_stamp_unit = 0;  // 1 unless the stamp is 0

/// The entry in which an access to `address` would be.
inline SeenAccess& seen_access(std::uint64_t address) {
  return g_seen_accesses[(address >> 2) % kSeenAccesses];
}

/// `size` is 1 to 16.
inline std::uint64_t access_tag(std::uint64_t address, std::size_t size, bool write) {
  return address << 5 | (size - 1) << 1 | (write ? 1 : 0);
}

inline bool is_seen(const SeenAccess& seen, std::uint64_t address, std::size_t size, bool write) {
  const std::uint64_t tag = access_tag(address, size, true);
  return (write ? seen.tag : seen.tag | 1) == tag && seen.stamp == g_access_stamp;
}

inline void note_seen(std::uint64_t address, std::size_t size, bool write) {
  if (g_access_stamp == 0) return;
  seen_access(address) = {access_tag(address, size, write), g_access_stamp, kSkips, 0};
}

/// What was seen must be seen again.
inline void forget_seen() { g_access_stamp += g_access_stamp_unit; }

}  // namespace chicane::engine
