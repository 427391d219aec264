// SPDX-License-Identifier: Apache-2.0
//
// The real function behind an interposed one: ThreadSanitizer's interceptor where its runtime is
// linked in, else the C library's.
//
//     CHICANE_REAL(int, pthread_mutex_lock, (pthread_mutex_t*))
//     ... real_pthread_mutex_lock()(mutex)
//
// It is looked up at the first call; `resolve_all` looks all of them up, so that the processes that
// this one forks need not, each by itself.
//
// Thread safety: any thread; resolving twice is harmless.
#pragma once

#include <dlfcn.h>

#define CHICANE_REAL(result, name, parameters)                               \
  extern "C" result __interceptor_##name parameters __attribute__((weak));   \
  namespace chicane::interpose {                                             \
  [[maybe_unused]] inline auto real_##name() {                               \
    using Function = result(*) parameters;                                   \
    static constinit Function function = nullptr;                            \
    if (function != nullptr) return function;                                \
    if (__interceptor_##name != nullptr) {                                   \
      function = &__interceptor_##name;                                      \
    } else {                                                                 \
      function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, #name));        \
    }                                                                        \
    return function;                                                         \
  }                                                                          \
  [[gnu::section("chicane_reals"), gnu::used,                                \
    maybe_unused]] static void (*resolve_##name)() = +[] { real_##name(); }; \
  }

namespace chicane::interpose {
/// Driver.
void resolve_all();
}  // namespace chicane::interpose

/// The call site in the program of the interposed function that expands this.
#define CHICANE_SITE() __builtin_return_address(0)
