// SPDX-License-Identifier: Apache-2.0
//
// What ThreadSanitizer is told about locks when its runtime is linked in; nothing otherwise. The
// functions are TSan's public ones for hand-made mutexes (sanitizer/tsan_interface.h): with them it
// knows who holds what, and reports the misuse it knows.
//
// Thread safety: program thread.
#pragma once

#include "engine/scope.h"

extern "C" {
void __tsan_mutex_pre_lock(void* mutex, unsigned flags) __attribute__((weak));
void __tsan_mutex_post_lock(void* mutex, unsigned flags, int recursion) __attribute__((weak));
int __tsan_mutex_pre_unlock(void* mutex, unsigned flags) __attribute__((weak));
void __tsan_mutex_post_unlock(void* mutex, unsigned flags) __attribute__((weak));
}

namespace chicane::interpose {

inline constexpr unsigned kTsanReadLock = 1 << 3;

/// `mutex` was acquired, shared or not.
inline void tsan_locked(const void* mutex, bool shared) {
  if (!engine::has_real_tsan()) return;
  const unsigned flags = shared ? kTsanReadLock : 0;
  __tsan_mutex_pre_lock(const_cast<void*>(mutex), flags);
  __tsan_mutex_post_lock(const_cast<void*>(mutex), flags, 0);
}

/// `mutex` is released (or is about to be, wrongly).
inline void tsan_unlocked(const void* mutex, bool shared) {
  if (!engine::has_real_tsan()) return;
  const unsigned flags = shared ? kTsanReadLock : 0;
  __tsan_mutex_pre_unlock(const_cast<void*>(mutex), flags);
  __tsan_mutex_post_unlock(const_cast<void*>(mutex), flags);
}

}  // namespace chicane::interpose
