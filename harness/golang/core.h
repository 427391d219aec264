// SPDX-License-Identifier: Apache-2.0
//
// How every operation of Go's vocabulary is carried out: one code, two executions. A Section is the
// part of an operation in which the thread is alone.
//
//     Section section;                                       // alone from here
//     section.wait({OpKind::kLock, this, site, is_free});    // others may run here, only here
//     locked_ = true;                                        // the effect
//     section.emit(OpKind::kLock, Outcome::kDone, this, site);
//
// Under the engine `wait` announces the operation; being alone is the engine's own rule. Outside of
// it a Section holds one process-wide lock, and `wait` sleeps until `ready` holds. That lock is
// made of raw futex calls, so that no sanitizer takes it for synchronization of the program; the
// edges that Go promises are told to ThreadSanitizer, and only those.
//
// Thread safety: any thread; a Section is a local variable.
// Invariants:
//   I1. No code of the program runs inside a Section: handlers, destructors and constructors of
//       values run before or after it.
//   I2. `ready` functions read state that only Sections change, and ask nobody.
//   I3. The runtime is not instrumented, and uses no std:: template that the program may have
//       instantiated with instrumentation on state shared between threads.
// Cost: under the engine none of its own; natively two atomic operations, and one futex call when
// somebody waits.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/engine.h"
#include "engine/operation.h"

/// Where the program called the function that says this: in its first line, and only in functions
/// that instrumented code calls.
#define CHICANE_GOLANG_SITE() (__builtin_return_address(0))

namespace chicane::golang::internal {

using engine::Engine;
using engine::kNever;
using engine::Operation;
using engine::OpKind;
using engine::Outcome;
using engine::Time;

inline bool never_ready(const Operation&) { return false; }

class Section {
 public:
  Section();
  ~Section();
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  /// Announces the operation; others may run. False: its deadline passed and it is not ready.
  bool wait(const Operation& operation);
  /// One of `count` (at least 1) outcomes: the strategy's choice, or a random one.
  unsigned choose(const Operation& operation, unsigned count);
  void emit(OpKind kind, Outcome outcome, const void* object, const void* site,
            std::uint64_t value = 0, const void* other = nullptr);

  /// The running thread has unlocked `lock`, which `owner` had locked.
  void unheld_by(std::uint32_t owner, const void* lock);

  /// The running thread waits for `lock`, and was woken `times` for nothing: others had come by,
  /// lastly `owner`.
  void starved(const void* lock, const void* site, std::uint32_t owner, unsigned times);

  void acquire(const void* sync);
  void release(const void* sync);
  void release_store(const void* sync);

  Time now() const;
  /// As the program sees it: under the engine each reading moves time on. May let others run.
  Time read_clock(const void* site);
  bool native() const { return engine_ == nullptr; }
  Engine* engine() const { return engine_; }
  /// The run's number; 0 natively. A primitive that outlives runs (a global one) begins each anew.
  std::uint32_t generation() const { return engine_ != nullptr ? engine_->generation() : 0; }
  /// The running thread's number; 0 natively.
  std::uint32_t thread() const;
  /// The way events name a thread: never null.
  static const void* as_other(std::uint32_t thread) {
    return reinterpret_cast<const void*>(static_cast<std::uintptr_t>(thread) + 1);
  }
  static std::uint64_t as_value(const void* site) { return reinterpret_cast<std::uintptr_t>(site); }

  /// Go's fatal error: ends the run, or the process.
  [[noreturn]] void fatal(const char* message);

 private:
  Engine* engine_;
  bool waited_ = false;
};

/// Time, natively or under the engine; not for `ready` functions (there no engine is active).
Time time_now();
Time native_now();

/// Time `duration` after `now`, without overflow.
inline Time after_now(Time now, Time duration) {
  if (duration <= 0) return now;
  return duration >= kNever - now ? kNever : now + duration;
}

/// Throws a Panic of a kind of its own, whose event has been emitted.
[[noreturn]] void throw_panic(const char* message, const char* kind);

/// Happens-before edges outside of a Section (when a value dies).
void edge_acquire(const void* sync);
void edge_release(const void* sync);

/// Memory that no sanitizer knows: for what one thread makes and another frees although nothing
/// orders the two. Inside Sections only.
void* hidden_allocate(std::size_t size);
void hidden_free(void* memory, std::size_t size);
/// memcpy and memcmp without the functions of these names, which sanitizers intercept.
void hidden_copy(char* to, const char* from, std::size_t size);
bool hidden_equal(const char* a, const char* b, std::size_t size);

/// A count of references.
class References {
 public:
  void add() { __atomic_fetch_add(&count_, 1, __ATOMIC_RELAXED); }
  /// Whether that was the last one.
  bool drop() { return __atomic_sub_fetch(&count_, 1, __ATOMIC_ACQ_REL) == 0; }
  /// Likewise, and what was done by those who dropped before happens before the last one's return:
  /// for what the program's code has read.
  bool drop_in_order() {
    edge_release(&edge_);
    if (!drop()) return false;
    edge_acquire(&edge_);
    return true;
  }

 private:
  char edge_ = 0;
  std::uint32_t count_ = 1;
};

void goroutine_at(void* (*body)(void*), void* closure, const void* site);

}  // namespace chicane::golang::internal
