// SPDX-License-Identifier: Apache-2.0
//
// Front door: what libraries tell ThreadSanitizer about their own synchronization when they are
// compiled for it, as happens-before edges: the dynamic annotations (AnnotateHappensBefore, ...)
// and the mutex interface (sanitizer/tsan_interface.h). The latter speaks of locks whose waiting
// the engine sees otherwise, or not at all; here it is the order that they make.
#include <cstddef>

#include "engine/engine.h"

namespace {

using chicane::engine::Engine;

void acquire(const void* object) {
  if (Engine* engine = Engine::active()) engine->acquire(object);
}
void release(const void* object) {
  if (Engine* engine = Engine::active()) engine->release(object);
}

}  // namespace

extern "C" {

void __tsan_ignore_thread_begin();
void __tsan_ignore_thread_end();

void __tsan_acquire(void* object) { acquire(object); }
void __tsan_release(void* object) { release(object); }

// NOLINTBEGIN(readability-identifier-naming): the names are those that programs call
void AnnotateHappensBefore(const char*, int, const volatile void* object) {
  release(const_cast<const void*>(object));
}
void AnnotateHappensAfter(const char*, int, const volatile void* object) {
  acquire(const_cast<const void*>(object));
}
void AnnotateRWLockCreate(const char*, int, const volatile void*) {}
void AnnotateRWLockDestroy(const char*, int, const volatile void*) {}
void AnnotateRWLockAcquired(const char*, int, const volatile void* lock, long) {
  acquire(const_cast<const void*>(lock));
}
void AnnotateRWLockReleased(const char*, int, const volatile void* lock, long) {
  release(const_cast<const void*>(lock));
}
void AnnotateIgnoreReadsBegin(const char*, int) { __tsan_ignore_thread_begin(); }
void AnnotateIgnoreReadsEnd(const char*, int) { __tsan_ignore_thread_end(); }
void AnnotateIgnoreWritesBegin(const char*, int) { __tsan_ignore_thread_begin(); }
void AnnotateIgnoreWritesEnd(const char*, int) { __tsan_ignore_thread_end(); }
void AnnotateThreadName(const char*, int, const char*) {}
// NOLINTEND(readability-identifier-naming)

void __tsan_mutex_create(void*, unsigned) {}
void __tsan_mutex_destroy(void*, unsigned) {}
void __tsan_mutex_pre_lock(void*, unsigned) {}
void __tsan_mutex_post_lock(void* lock, unsigned flags, int) {
  constexpr unsigned kTryLockFailed = 1U << 5;
  if ((flags & kTryLockFailed) == 0) acquire(lock);
}
int __tsan_mutex_pre_unlock(void* lock, unsigned) {
  release(lock);
  return 0;
}
void __tsan_mutex_post_unlock(void*, unsigned) {}
void __tsan_mutex_pre_signal(void*, unsigned) {}
void __tsan_mutex_post_signal(void*, unsigned) {}
void __tsan_mutex_pre_divert(void*, unsigned) {}
void __tsan_mutex_post_divert(void*, unsigned) {}

}  // extern "C"
