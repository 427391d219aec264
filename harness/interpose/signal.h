// SPDX-License-Identifier: Apache-2.0
//
// Handlers of signals that the program raises itself: raise, kill of its own process, pthread_kill
// of the running thread. The handler runs at once, in the thread that raises. It may come at any
// moment, so it may call only what does not depend on what that moment interrupted: no allocation,
// no lock, no stdio. Front doors of these ask `in_signal_handler()`.
//
// A signal from elsewhere is out of the engine's sight (uncontrolled.cc).
//
// Thread safety: program thread, under the engine.
// Cost: one load and a branch for who asks.
#pragma once

#include "engine/engine.h"

namespace chicane::interpose {

/// The thread that is in a handler, plus 1; 0: none.
inline engine::ThreadId g_in_signal_handler = 0;

inline bool in_signal_handler(engine::Engine& engine) {
  return g_in_signal_handler != 0 && g_in_signal_handler == engine.self().id() + 1;
}

/// `signal-unsafe-call`: `function` is called in a handler.
[[gnu::cold, gnu::noinline]] void report_unsafe_call(engine::Engine& engine, const char* function,
                                                     const void* site);

inline void check_signal_safety(engine::Engine& engine, const char* function, const void* site) {
  if (g_in_signal_handler != 0) [[unlikely]] {
    if (in_signal_handler(engine)) report_unsafe_call(engine, function, site);
  }
}

}  // namespace chicane::interpose
