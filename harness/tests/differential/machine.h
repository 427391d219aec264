// SPDX-License-Identifier: Apache-2.0
//
// Executes a program on real threads, mutexes, atomics and channels, and writes down what took
// effect in which order. Only the accesses of the program are instrumented: the machine's own are
// not.
//
// Thread safety: one run at a time, under the engine.
// Invariants:
//   I1. The log has the events in the order in which they took effect; an event that waits is there
//       twice where that matters: when it begins (kSend, kReceive) and when it is complete.
//   I2. Every kind of access to every place has code of its own, so that a code address tells them
//       apart: `access_at`.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/differential/program.h"

namespace chicane::differential {

/// What took effect. Thread 0 is the one that starts and joins the others.
enum class What : std::uint8_t {
  kCreate,  // object: the thread
  kJoin,
  kPlainRead,
  kPlainWrite,
  kLoad,
  kStore,
  kRmw,
  kFence,
  kLock,
  kUnlock,
  kWriteLock,
  kWriteUnlock,
  kReadLock,
  kReadUnlock,
  kSend,      // begins; number: which send of the channel, from 0
  kSent,      // is complete
  kReceive,   // begins; number: which receive of the channel
  kReceived,  // is complete
  kClose,
  kSawClosed,
};

struct LogEntry {
  What what;
  std::uint8_t thread;
  std::uint8_t object;
  std::uint8_t order;
  std::uint16_t number;
  /// Of a memory access: which code did it; see access_at.
  std::uint16_t access;
};

inline constexpr std::uint16_t kNoAccess = 0xffff;

/// Appends to the log. Not instrumented, as nothing of the log is (log.cc).
void note(What what, unsigned thread, unsigned object, unsigned order = 0, unsigned number = 0,
          unsigned access = kNoAccess);
void clear_log();
/// A copy that belongs to the run. Not instrumented: who made the original has no part in it.
Program copy_of(const Program& program);
/// Zeros.
unsigned char* new_memory(unsigned size);
void free_memory(unsigned char* memory);

/// Runs the program; the log of the run is in `log()` until the next.
void execute(const Program& program);
const std::vector<LogEntry>& log();
/// Which access the code at this address does; kNoAccess: none.
std::uint16_t access_at(std::uint64_t pc);
bool is_compare_exchange(std::uint16_t access);
/// "write x"
const char* access_name(std::uint16_t access);

}  // namespace chicane::differential
