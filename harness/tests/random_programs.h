// SPDX-License-Identifier: Apache-2.0
//
// Small random programs over all that threads meet by: atomics, plain variables, locks, condition
// variables, semaphores, channels, timed waits, sleeps. What a program's threads saw is its state
// (exhaust.h), so that two behaviours that differ for the program differ there.
//
// Thread safety: a program is a whole of its own, to be run under the engine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace chicane::tests {

/// What a thread may do; each with a name.
#define CHICANE_RANDOM_ACTIONS(X)    \
  X(kLoad, "load")                   \
  X(kStore, "store")                 \
  X(kAdd, "add")                     \
  X(kExchange, "exchange")           \
  X(kRead, "read")                   \
  X(kWrite, "write")                 \
  X(kLocked, "locked")               \
  X(kNested, "nested")               \
  X(kTryLock, "try-lock")            \
  X(kTimedLock, "timed-lock")        \
  X(kReadLocked, "read-locked")      \
  X(kWriteLocked, "write-locked")    \
  X(kTryWrite, "try-write")          \
  X(kWait, "wait")                   \
  X(kTimedWait, "timed-wait")        \
  X(kSignal, "signal")               \
  X(kBroadcast, "broadcast")         \
  X(kSemWait, "sem-wait")            \
  X(kSemTimedWait, "sem-timed-wait") \
  X(kSemTry, "sem-try")              \
  X(kSemPost, "sem-post")            \
  X(kSend, "send")                   \
  X(kReceive, "receive")             \
  X(kTryReceive, "try-receive")      \
  X(kSelect, "select")               \
  X(kMixedSelect, "mixed-select")    \
  X(kTimedSelect, "timed-select")    \
  X(kTrySelect, "try-select")        \
  X(kTrySend, "try-send")            \
  X(kDone, "done")                   \
  X(kCancel, "cancel")               \
  X(kGroupDone, "group-done")        \
  X(kGroupWait, "group-wait")        \
  X(kSleep, "sleep")                 \
  X(kYield, "yield")                 \
  X(kFail, "fail")                   \
  X(kSpin, "spin")

enum class Action : std::uint8_t {
#define X(enumerator, name) enumerator,
  CHICANE_RANDOM_ACTIONS(X)
#undef X
};

struct Step {
  Action action;
  int object;
};
/// Of each thread, its steps.
using Program = std::vector<std::vector<Step>>;

/// Of two or three threads, with few kinds of actions, so that they meet: of all but spins, or of
/// those given.
Program make_program(std::uint64_t seed);
Program make_program(std::uint64_t seed, std::span<const Action> of);
/// As `describe` writes it.
Program parse_program(std::string_view text);
/// "try-lock0 send0 | send0 | try-lock0"
std::string describe(const Program& program);
bool has(const Program& program, Action action);
void run_program(const Program& program);

}  // namespace chicane::tests
