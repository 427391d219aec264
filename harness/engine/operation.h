// SPDX-License-Identifier: Apache-2.0
//
// The engine's vocabulary: threads, virtual time, operations and events.
//
// An *operation* is something a thread is about to do that other threads could notice. It is
// announced before it takes effect; while announced it is *enabled* or not. An *event* is an
// operation that has taken effect. Both are plain data: making one costs a few stores.
//
// Thread safety: values; safe anywhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

namespace chicane::engine {

/// A virtual thread's number in its run: 0 is the thread that the run began with, the others are
/// numbered in the order of their creation.
using ThreadId = std::uint32_t;
inline constexpr ThreadId kMainThread = 0;
inline constexpr ThreadId kNoThread = std::numeric_limits<ThreadId>::max();

/// Virtual nanoseconds since the run began.
using Time = std::int64_t;
inline constexpr Time kNever = std::numeric_limits<Time>::max();

/// Every kind of operation: enumerator, name in reports and schedule files.
#define CHICANE_OPERATIONS(X)      \
  X(kThreadStart, "start")         \
  X(kThreadExit, "exit")           \
  X(kThreadCreate, "create")       \
  X(kThreadJoin, "join")           \
  X(kThreadDetach, "detach")       \
  X(kLock, "lock")                 \
  X(kTryLock, "try-lock")          \
  X(kUnlock, "unlock")             \
  X(kReadLock, "read-lock")        \
  X(kTryReadLock, "try-read-lock") \
  X(kReadUnlock, "read-unlock")    \
  X(kMutexDestroy, "destroy-lock") \
  X(kCondWait, "wait")             \
  X(kCondWake, "wake")             \
  X(kCondSignal, "signal")         \
  X(kCondBroadcast, "broadcast")   \
  X(kAtomicLoad, "atomic-load")    \
  X(kAtomicStore, "atomic-store")  \
  X(kAtomicRmw, "atomic-rmw")      \
  X(kAtomicCas, "atomic-cas")      \
  X(kFence, "fence")               \
  X(kRead, "read")                 \
  X(kWrite, "write")               \
  X(kYield, "yield")               \
  X(kSleep, "sleep")               \
  X(kClock, "clock")               \
  X(kOnce, "once")                 \
  X(kOnceDone, "once-done")        \
  X(kSend, "send")                 \
  X(kRecv, "recv")                 \
  X(kTrySend, "try-send")          \
  X(kTryRecv, "try-recv")          \
  X(kClose, "close")               \
  X(kSelect, "select")             \
  X(kWaitGroupAdd, "wg-add")       \
  X(kWaitGroupWait, "wg-wait")     \
  X(kPoolGet, "pool-get")          \
  X(kPoolPut, "pool-put")          \
  X(kMapRead, "map-read")          \
  X(kMapWrite, "map-write")        \
  X(kMapDone, "map-done")          \
  X(kCancel, "cancel")             \
  X(kTimer, "timer")               \
  X(kNotify, "notify")             \
  X(kPanic, "panic")               \
  X(kSemWait, "sem-wait")          \
  X(kSemPost, "sem-post")          \
  X(kBarrier, "barrier")           \
  X(kFutexWait, "futex-wait")      \
  X(kFutexWake, "futex-wake")      \
  X(kIo, "io")                     \
  X(kStateRead, "state-read")      \
  X(kStateWrite, "state-write")    \
  X(kThreadCancel, "cancel-thread")

enum class OpKind : std::uint8_t {
#define X(enumerator, name) enumerator,
  CHICANE_OPERATIONS(X)
#undef X
};

/// Sets of kinds: bit k for kind k.
constexpr std::uint64_t bit_of(OpKind kind) {
  return std::uint64_t{1} << static_cast<unsigned>(kind);
}
static_assert(static_cast<unsigned>(OpKind::kFutexWake) < 64);
/// Those that acquire a lock, shared ones among them, and those that release one.
inline constexpr std::uint64_t kReadLockKinds =
    bit_of(OpKind::kReadLock) | bit_of(OpKind::kTryReadLock);
inline constexpr std::uint64_t kLockKinds =
    kReadLockKinds | bit_of(OpKind::kLock) | bit_of(OpKind::kTryLock);
inline constexpr std::uint64_t kUnlockKinds = bit_of(OpKind::kUnlock) | bit_of(OpKind::kReadUnlock);

/// The name of a kind in reports and schedule files.
const char* to_string(OpKind kind);
/// The kind of that name; false when there is none.
bool parse_op_kind(const char* name, std::size_t length, OpKind* kind);

/// How an operation ended. Everything from kNotLocked on is misuse: the primitive's documented
/// state machine has no such transition.
#define CHICANE_OUTCOMES(X)                     \
  X(kDone, "done")                              \
  X(kTimedOut, "timed-out")                     \
  X(kWouldBlock, "would-block")                 \
  X(kFailed, "failed")                          \
  X(kNotLocked, "not-locked")                   \
  X(kDoubleUnlock, "double-unlock")             \
  X(kNotOwner, "not-owner")                     \
  X(kAlreadyOwned, "already-owned")             \
  X(kWaitWithoutLock, "wait-without-lock")      \
  X(kWaitWithOtherLock, "wait-with-other-lock") \
  X(kClosed, "closed")                          \
  X(kNil, "nil")                                \
  X(kNegative, "negative")                      \
  X(kReused, "reused")                          \
  X(kDestroyedBusy, "destroyed-busy")           \
  X(kConcurrentAccess, "concurrent-access")     \
  X(kUseAfterPut, "use-after-put")              \
  X(kWrongType, "wrong-type")                   \
  X(kHeldAtExit, "held-at-exit")                \
  X(kCopied, "copied")                          \
  X(kPanicked, "panicked")

enum class Outcome : std::uint8_t {
#define X(enumerator, name) enumerator,
  CHICANE_OUTCOMES(X)
#undef X
};

/// The name of an outcome in reports.
const char* to_string(Outcome outcome);
inline bool is_misuse(Outcome outcome) { return outcome >= Outcome::kNotLocked; }

/// What an operation that nothing blocks has in `blocked_while`.
inline constexpr std::int32_t kNotBlocked = 0;

/// What a thread is about to do.
struct Operation {
  OpKind kind;
  /// The object it acts on, by address; null when it has none.
  const void* object = nullptr;
  /// Where in the program it was called: a return address.
  const void* site = nullptr;
  /// Whether it could take effect now: a pure function of the program's state. Null: always.
  bool (*ready)(const Operation&) = nullptr;
  /// What `ready` reads beside `object`.
  const void* context = nullptr;
  /// Virtual time at which the thread may go on although it is not ready (a time-out).
  Time deadline = kNever;
  /// Not ready while this number is not 0. For what many threads wait for at many choices (a mutex,
  /// a thread's end): a load, where `ready` is a call that the processor mispredicts.
  const std::int32_t* blocked_while = &kNotBlocked;
  /// The objects beside `object` that it may act on, one by one, then null. Null: none. Where there
  /// are any, `ready` asked without them tells of `object` alone, whatever the time.
  const void* (*object_at)(const Operation&, unsigned index) = nullptr;
  /// Announcing it puts the thread in a queue of its objects that others can notice.
  bool queues = false;
  /// Of a plain access, in bytes; 255 and more are 255.
  std::uint8_t size = 0;

  /// Whether it can be other than ready.
  bool can_block() const { return blocked_while != &kNotBlocked || ready != nullptr; }
  bool is_ready() const { return *blocked_while == 0 && (ready == nullptr || ready(*this)); }
};

/// An operation that has taken effect.
struct Event {
  OpKind kind;
  Outcome outcome;
  ThreadId thread;
  const void* object;
  /// A second object: the mutex of a condition wait, the thread created or joined (its id as a
  /// pointer-sized number).
  const void* other;
  const void* site;
  /// A value worth showing: what was read or written, the new count, the chosen case.
  std::uint64_t value;
  /// The run's step number; the first is 1.
  std::uint64_t step;
};

}  // namespace chicane::engine
