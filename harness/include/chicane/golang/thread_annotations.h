// SPDX-License-Identifier: Apache-2.0
//
// Clang's thread-safety attributes (-Wthread-safety) as macros; nothing elsewhere.
//
//     golang::Mutex mu;
//     int counter CHICANE_GUARDED_BY(mu);
//
// std::lock_guard carries no such attributes in libstdc++: where the analysis is to see the lock,
// use golang::MutexLock.
#pragma once

#if defined(__clang__)
#define CHICANE_THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define CHICANE_THREAD_ATTRIBUTE(x)
#endif

#define CHICANE_CAPABILITY(name) CHICANE_THREAD_ATTRIBUTE(capability(name))
#define CHICANE_SCOPED_CAPABILITY CHICANE_THREAD_ATTRIBUTE(scoped_lockable)
#define CHICANE_GUARDED_BY(lock) CHICANE_THREAD_ATTRIBUTE(guarded_by(lock))
#define CHICANE_PT_GUARDED_BY(lock) CHICANE_THREAD_ATTRIBUTE(pt_guarded_by(lock))
#define CHICANE_ACQUIRED_BEFORE(...) CHICANE_THREAD_ATTRIBUTE(acquired_before(__VA_ARGS__))
#define CHICANE_ACQUIRED_AFTER(...) CHICANE_THREAD_ATTRIBUTE(acquired_after(__VA_ARGS__))
#define CHICANE_REQUIRES(...) CHICANE_THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define CHICANE_REQUIRES_SHARED(...) \
  CHICANE_THREAD_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
#define CHICANE_ACQUIRE(...) CHICANE_THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define CHICANE_ACQUIRE_SHARED(...) CHICANE_THREAD_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
#define CHICANE_RELEASE(...) CHICANE_THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define CHICANE_RELEASE_SHARED(...) CHICANE_THREAD_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
#define CHICANE_TRY_ACQUIRE(...) CHICANE_THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define CHICANE_TRY_ACQUIRE_SHARED(...) \
  CHICANE_THREAD_ATTRIBUTE(try_acquire_shared_capability(__VA_ARGS__))
#define CHICANE_EXCLUDES(...) CHICANE_THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define CHICANE_NO_THREAD_SAFETY_ANALYSIS CHICANE_THREAD_ATTRIBUTE(no_thread_safety_analysis)
