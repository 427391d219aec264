// SPDX-License-Identifier: Apache-2.0
//
// The real function behind an interposed one: ThreadSanitizer's interceptor where its runtime is
// linked in, else the C library's.
//
//     CHICANE_REAL(int, pthread_mutex_lock, (pthread_mutex_t*))
//     ... real_pthread_mutex_lock()(mutex)
//
// Thread safety: any thread; resolving twice is harmless.
#pragma once

#include <dlfcn.h>

#define CHICANE_REAL(result, name, parameters)                             \
  extern "C" result __interceptor_##name parameters __attribute__((weak)); \
  namespace chicane::interpose {                                           \
  [[maybe_unused]] inline auto real_##name() {                             \
    using Function = result(*) parameters;                                 \
    static constinit Function function = nullptr;                          \
    if (function != nullptr) return function;                              \
    if (__interceptor_##name != nullptr) {                                 \
      function = &__interceptor_##name;                                    \
    } else {                                                               \
      function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, #name));      \
    }                                                                      \
    return function;                                                       \
  }                                                                        \
  }

/// The call site in the program of the interposed function that expands this.
#define CHICANE_SITE() __builtin_return_address(0)
