// SPDX-License-Identifier: Apache-2.0
//
// Random concurrent programs, as data: a few threads with a list of steps each. What they share is
// a small world of plain variables, atomics, mutexes, read-write locks, flags behind a condition,
// and channels.
//
// Thread safety: values.
// Invariants:
//   I1. Same seed, same program.
//   I2. No program can deadlock or spin. The steps are drawn along one sequential execution of the
//       whole; what blocks outside of a critical section is a Kahn network (each channel and flag
//       has one thread that waits for it), so if one execution ends, all do; and nothing
//       blocks inside of a critical section but further locks, taken in rising order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace chicane::differential {

/// Kinds of steps, and the name of each in the text of a program.
#define CHICANE_STEPS(X)                                                              \
  X(kPlainRead, "read") /* object: a place; see kPlaces */                            \
  X(kPlainWrite, "write")                                                             \
  X(kLoad, "load") /* object: an atomic; order */                                     \
  X(kStore, "store")                                                                  \
  X(kRmw, "fetch_add")                                                                \
  X(kCas, "compare_exchange")                                                         \
  X(kFence, "fence")                                                                  \
  X(kLock, "lock")        /* object: a mutex */                                       \
  X(kTryLock, "try_lock") /* the steps up to the matching unlock only if it got it */ \
  X(kUnlock, "unlock")                                                                \
  X(kWriteLock, "lock_rw") /* object: a read-write lock */                            \
  X(kWriteUnlock, "unlock_rw")                                                        \
  X(kReadLock, "lock_shared")                                                         \
  X(kReadUnlock, "unlock_shared")                                                     \
  X(kSetFlag, "set_flag") /* object: a flag; waits are for it under its mutex */      \
  X(kWaitFlag, "wait_flag")                                                           \
  X(kSend, "send") /* object: a channel */                                            \
  X(kReceive, "receive")                                                              \
  X(kClose, "close")                                                                  \
  X(kReceiveClosed, "receive_closed")

enum class StepKind : std::uint8_t {
#define X(enumerator, name) enumerator,
  CHICANE_STEPS(X)
#undef X
};

struct Step {
  StepKind kind;
  std::uint8_t object = 0;
  std::uint8_t order = 5;  // C++'s number of the memory order
};

/// A plain variable, or a part of one: where it lies in the plain memory.
struct PlaceInfo {
  const char* name;
  std::uint8_t offset, size;
};
/// Four variables, two neighbouring bytes, and the word that has both of them; the last two are the
/// first two atomics, touched as if they were plain.
inline constexpr PlaceInfo kPlaces[] = {{"x", 0, 4},     {"y", 8, 4},   {"z", 16, 8},
                                        {"w", 24, 2},    {"lo", 32, 1}, {"hi", 33, 1},
                                        {"both", 32, 2}, {"a0", 40, 4}, {"a1", 48, 4}};
inline constexpr unsigned kPlaceCount = std::size(kPlaces);
inline constexpr unsigned kOrdinaryPlaces = 7;
inline constexpr unsigned kAtomics = 3;
inline constexpr unsigned kMutexes = 3;
inline constexpr unsigned kRWLocks = 2;
inline constexpr unsigned kFlags = 3;
/// Capacities of the channels.
inline constexpr unsigned kChannels[] = {0, 1, 2};
inline constexpr unsigned kChannelCount = std::size(kChannels);

struct Program {
  std::vector<std::vector<Step>> threads;
  std::size_t size() const;
};

Program make_program(std::uint64_t seed);
/// One line per thread: "thread 1: lock m0; write x; unlock m0".
std::string to_string(const Program& program);

}  // namespace chicane::differential
