// SPDX-License-Identifier: Apache-2.0
//
// Stands before Abseil's header of this name where a program is instrumented for Chicane
// (`-isystem <include>/chicane/overrides`), and includes it.
//
// Abseil's library locks by its own atomics, which are out of sight unless it is instrumented, too.
// So the members of Mutex and CondVar are defined here once more: weak, to be taken before the
// shared library's. In a run they are the engine's (harness/interpose/absl_mutex.cc), else they
// call the library's. Where the library is linked statically, or is of another version than those
// named below, all is as if this header were not there.
#pragma once

#include_next <absl/synchronization/mutex.h>

#if defined(ABSL_LTS_RELEASE_VERSION) && ABSL_LTS_RELEASE_VERSION == 20220623 && \
    ABSL_OPTION_USE_INLINE_NAMESPACE == 1

extern "C" {
bool chicane_absl_in_run() __attribute__((weak));
void* chicane_absl_real(const char* name_space, const char* mangled) __attribute__((weak));
void chicane_absl_lock(void* mutex, bool shared, const void* site) __attribute__((weak));
bool chicane_absl_try_lock(void* mutex, bool shared, const void* site) __attribute__((weak));
void chicane_absl_unlock(void* mutex, const void* site) __attribute__((weak));
void chicane_absl_expect_held(const void* mutex, const void* site) __attribute__((weak));
void chicane_absl_destroy(void* mutex, const void* site) __attribute__((weak));
bool chicane_absl_await(void* mutex, bool (*holds)(const void*), const void* condition,
                        std::int64_t nanoseconds, const void* site) __attribute__((weak));
bool chicane_absl_wait(void* cond, void* mutex, std::int64_t nanoseconds, const void* site)
    __attribute__((weak));
void chicane_absl_signal(void* cond, bool all, const void* site) __attribute__((weak));
}

#define CHICANE_ABSL_MEMBER __attribute__((weak, no_sanitize("thread")))
#define CHICANE_ABSL_SITE() __builtin_return_address(0)
#define CHICANE_ABSL_TEXT_(text) #text
#define CHICANE_ABSL_TEXT(text) CHICANE_ABSL_TEXT_(text)
// The library's member of this mangled name (K before it: a const one).
#define CHICANE_ABSL_REAL(mangled, type)                                    \
  ([] {                                                                     \
    static void* found = nullptr;                                           \
    return reinterpret_cast<type>(chicane_internal::find(&found, mangled)); \
  }())

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace chicane_internal {

// Looked up once; two threads that do so at once find the same.
inline void* find(void** found, const char* mangled) {
  void* function = __atomic_load_n(found, __ATOMIC_RELAXED);
  if (function != nullptr) return function;
  function = chicane_absl_real(CHICANE_ABSL_TEXT(ABSL_OPTION_INLINE_NAMESPACE_NAME), mangled);
  __atomic_store_n(found, function, __ATOMIC_RELAXED);
  return function;
}

inline bool holds(const void* condition) {
  return static_cast<const Condition*>(condition)->Eval();
}

// In nanoseconds; less than 0: never. Of inline functions only: a program may not be linked with
// Abseil's library of times.
inline constexpr std::int64_t kMost = 9'000'000'000;  // seconds: longer than any run

inline std::int64_t span_of(Duration time) {
  if (time == InfiniteDuration()) return -1;
  if (time <= ZeroDuration()) return 0;
  const std::int64_t seconds = time_internal::GetRepHi(time);
  if (seconds > kMost) return -1;
  return seconds * 1'000'000'000 + time_internal::GetRepLo(time) / 4;
}

inline std::int64_t span_to(Time time) {
  if (time == InfiniteFuture()) return -1;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  const Duration since = time_internal::ToUnixDuration(time);
  const std::int64_t when = time_internal::GetRepHi(since);
  if (when < now.tv_sec) return 0;
  const std::int64_t seconds = when - now.tv_sec;
  if (seconds > kMost) return -1;
  const std::int64_t nanoseconds =
      static_cast<std::int64_t>(time_internal::GetRepLo(since) / 4) - now.tv_nsec;
  const std::int64_t span = seconds * 1'000'000'000 + nanoseconds;
  return span < 0 ? 0 : span;
}

}  // namespace chicane_internal

CHICANE_ABSL_MEMBER void Mutex::Lock() {
  if (chicane_absl_in_run()) return chicane_absl_lock(this, false, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("5Mutex4LockEv", void (*)(Mutex*))(this);
}
CHICANE_ABSL_MEMBER void Mutex::ReaderLock() {
  if (chicane_absl_in_run()) return chicane_absl_lock(this, true, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("5Mutex10ReaderLockEv", void (*)(Mutex*))(this);
}
CHICANE_ABSL_MEMBER bool Mutex::TryLock() {
  if (chicane_absl_in_run()) return chicane_absl_try_lock(this, false, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("5Mutex7TryLockEv", bool (*)(Mutex*))(this);
}
CHICANE_ABSL_MEMBER bool Mutex::ReaderTryLock() {
  if (chicane_absl_in_run()) return chicane_absl_try_lock(this, true, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("5Mutex13ReaderTryLockEv", bool (*)(Mutex*))(this);
}
CHICANE_ABSL_MEMBER void Mutex::Unlock() {
  if (chicane_absl_in_run()) return chicane_absl_unlock(this, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("5Mutex6UnlockEv", void (*)(Mutex*))(this);
}
CHICANE_ABSL_MEMBER void Mutex::ReaderUnlock() {
  if (chicane_absl_in_run()) return chicane_absl_unlock(this, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("5Mutex12ReaderUnlockEv", void (*)(Mutex*))(this);
}
CHICANE_ABSL_MEMBER Mutex::~Mutex() {
  if (chicane_absl_in_run()) {
    chicane_absl_destroy(this, CHICANE_ABSL_SITE());
  } else {
    CHICANE_ABSL_REAL("5MutexD1Ev", void (*)(Mutex*))(this);
  }
}

// As Abseil's own, these end the program.
CHICANE_ABSL_MEMBER void Mutex::AssertHeld() const {
  if (chicane_absl_in_run()) return chicane_absl_expect_held(this, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("K5Mutex10AssertHeldEv", void (*)(const Mutex*))(this);
}
CHICANE_ABSL_MEMBER void Mutex::AssertReaderHeld() const {
  if (chicane_absl_in_run()) return chicane_absl_expect_held(this, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("K5Mutex16AssertReaderHeldEv", void (*)(const Mutex*))(this);
}

CHICANE_ABSL_MEMBER void Mutex::Await(const Condition& condition) {
  if (chicane_absl_in_run()) {
    chicane_absl_await(this, &chicane_internal::holds, &condition, -1, CHICANE_ABSL_SITE());
    return;
  }
  return CHICANE_ABSL_REAL("5Mutex5AwaitERKNS0_9ConditionE", void (*)(Mutex*, const Condition&))(
      this, condition);
}
CHICANE_ABSL_MEMBER bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  if (chicane_absl_in_run()) {
    return chicane_absl_await(this, &chicane_internal::holds, &condition,
                              chicane_internal::span_of(timeout), CHICANE_ABSL_SITE());
  }
  return CHICANE_ABSL_REAL("5Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE",
                           bool (*)(Mutex*, const Condition&, Duration))(this, condition, timeout);
}
CHICANE_ABSL_MEMBER bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  if (chicane_absl_in_run()) {
    return chicane_absl_await(this, &chicane_internal::holds, &condition,
                              chicane_internal::span_to(deadline), CHICANE_ABSL_SITE());
  }
  return CHICANE_ABSL_REAL("5Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE",
                           bool (*)(Mutex*, const Condition&, Time))(this, condition, deadline);
}

// A lock, and then a wait for the condition; both are told with the same place.
#define CHICANE_ABSL_LOCK_WHEN(shared, span)                                    \
  if (chicane_absl_in_run()) {                                                  \
    chicane_absl_lock(this, shared, CHICANE_ABSL_SITE());                       \
    return chicane_absl_await(this, &chicane_internal::holds, &condition, span, \
                              CHICANE_ABSL_SITE());                             \
  }

CHICANE_ABSL_MEMBER void Mutex::LockWhen(const Condition& condition) {
  if (chicane_absl_in_run()) {
    chicane_absl_lock(this, false, CHICANE_ABSL_SITE());
    chicane_absl_await(this, &chicane_internal::holds, &condition, -1, CHICANE_ABSL_SITE());
    return;
  }
  return CHICANE_ABSL_REAL("5Mutex8LockWhenERKNS0_9ConditionE", void (*)(Mutex*, const Condition&))(
      this, condition);
}
CHICANE_ABSL_MEMBER void Mutex::ReaderLockWhen(const Condition& condition) {
  if (chicane_absl_in_run()) {
    chicane_absl_lock(this, true, CHICANE_ABSL_SITE());
    chicane_absl_await(this, &chicane_internal::holds, &condition, -1, CHICANE_ABSL_SITE());
    return;
  }
  return CHICANE_ABSL_REAL("5Mutex14ReaderLockWhenERKNS0_9ConditionE",
                           void (*)(Mutex*, const Condition&))(this, condition);
}
CHICANE_ABSL_MEMBER bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  CHICANE_ABSL_LOCK_WHEN(false, chicane_internal::span_of(timeout))
  return CHICANE_ABSL_REAL("5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE",
                           bool (*)(Mutex*, const Condition&, Duration))(this, condition, timeout);
}
CHICANE_ABSL_MEMBER bool Mutex::ReaderLockWhenWithTimeout(const Condition& condition,
                                                          Duration timeout) {
  CHICANE_ABSL_LOCK_WHEN(true, chicane_internal::span_of(timeout))
  return CHICANE_ABSL_REAL("5Mutex25ReaderLockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE",
                           bool (*)(Mutex*, const Condition&, Duration))(this, condition, timeout);
}
CHICANE_ABSL_MEMBER bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  CHICANE_ABSL_LOCK_WHEN(false, chicane_internal::span_to(deadline))
  return CHICANE_ABSL_REAL("5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE",
                           bool (*)(Mutex*, const Condition&, Time))(this, condition, deadline);
}
CHICANE_ABSL_MEMBER bool Mutex::ReaderLockWhenWithDeadline(const Condition& condition,
                                                           Time deadline) {
  CHICANE_ABSL_LOCK_WHEN(true, chicane_internal::span_to(deadline))
  return CHICANE_ABSL_REAL("5Mutex26ReaderLockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE",
                           bool (*)(Mutex*, const Condition&, Time))(this, condition, deadline);
}

CHICANE_ABSL_MEMBER void CondVar::Wait(Mutex* mutex) {
  if (chicane_absl_in_run()) {
    chicane_absl_wait(this, mutex, -1, CHICANE_ABSL_SITE());
    return;
  }
  return CHICANE_ABSL_REAL("7CondVar4WaitEPNS0_5MutexE", void (*)(CondVar*, Mutex*))(this, mutex);
}
CHICANE_ABSL_MEMBER bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  if (chicane_absl_in_run()) {
    return chicane_absl_wait(this, mutex, chicane_internal::span_of(timeout), CHICANE_ABSL_SITE());
  }
  return CHICANE_ABSL_REAL("7CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE",
                           bool (*)(CondVar*, Mutex*, Duration))(this, mutex, timeout);
}
CHICANE_ABSL_MEMBER bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  if (chicane_absl_in_run()) {
    return chicane_absl_wait(this, mutex, chicane_internal::span_to(deadline), CHICANE_ABSL_SITE());
  }
  return CHICANE_ABSL_REAL("7CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE",
                           bool (*)(CondVar*, Mutex*, Time))(this, mutex, deadline);
}
CHICANE_ABSL_MEMBER void CondVar::Signal() {
  if (chicane_absl_in_run()) return chicane_absl_signal(this, false, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("7CondVar6SignalEv", void (*)(CondVar*))(this);
}
CHICANE_ABSL_MEMBER void CondVar::SignalAll() {
  if (chicane_absl_in_run()) return chicane_absl_signal(this, true, CHICANE_ABSL_SITE());
  return CHICANE_ABSL_REAL("7CondVar9SignalAllEv", void (*)(CondVar*))(this);
}

ABSL_NAMESPACE_END
}  // namespace absl

#undef CHICANE_ABSL_LOCK_WHEN
#undef CHICANE_ABSL_MEMBER
#undef CHICANE_ABSL_SITE
#undef CHICANE_ABSL_REAL
#undef CHICANE_ABSL_TEXT
#undef CHICANE_ABSL_TEXT_

#endif
