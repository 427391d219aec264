// SPDX-License-Identifier: Apache-2.0
//
// Engine context: while a Scope exists, `Engine::active()` is null, so that whatever the engine,
// a strategy or a monitor calls (malloc, a mutex of libc) is not taken for the program's doing.
//
// Thread safety: program thread only.
#pragma once

#include "engine/engine.h"

namespace chicane::engine {

struct Engine::Scope {
  Scope() : before_(active_) { active_ = nullptr; }
  ~Scope() { active_ = before_; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  Engine* before_;
};

}  // namespace chicane::engine
