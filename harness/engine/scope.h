// SPDX-License-Identifier: Apache-2.0
//
// Engine context: while a Scope exists, `Engine::active()` is null, so that whatever the engine,
// a strategy or a monitor calls (malloc, a mutex of libc) is not taken for the program's doing; and
// ThreadSanitizer, where it is linked in, looks away from the engine's own memory.
//
// Thread safety: program thread only.
#pragma once

#include "engine/engine.h"

extern "C" {
// Only ThreadSanitizer's runtime has the first; the second is also among our own definitions.
int __tsan_get_report_data(void*, const char**, int*, int*, int*, int*, int*, int*, int*, void**,
                           unsigned long) __attribute__((weak));
void __tsan_ignore_thread_begin() __attribute__((weak));
void __tsan_ignore_thread_end() __attribute__((weak));
}

namespace chicane::engine {

inline bool has_real_tsan() { return &__tsan_get_report_data != nullptr; }

struct Engine::Scope {
  Scope() : before_(active_) {
    active_ = nullptr;
    if (has_real_tsan()) __tsan_ignore_thread_begin();
  }
  ~Scope() {
    if (has_real_tsan()) __tsan_ignore_thread_end();
    active_ = before_;
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  Engine* before_;
};

}  // namespace chicane::engine
