// SPDX-License-Identifier: Apache-2.0
//
// The running thread's call stack, kept by the compiler's calls at function entry and exit. One OS
// thread runs all virtual threads, so "the running thread's" is one global; the engine exchanges it
// at each switch.
//
// Thread safety: program thread, or engine context. Other OS threads must not push.
// Invariants:
//   I1. [base, top) are the frames, outermost first. Beyond `limit` frames are counted, not kept.
// Cost: three stores.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chicane::engine {

/// One call: where it was made from, the frame pointer of the function that was entered, and an
/// address in that function.
struct CallFrame {
  const void* call_site;
  const void* frame;
  const void* entry;
};

struct ShadowStack {
  CallFrame* base = nullptr;
  CallFrame* top = nullptr;
  CallFrame* limit = nullptr;
  std::size_t beyond = 0;
};

/// The running thread's. With no thread running it has no room: pushes are only counted.
inline ShadowStack g_shadow_stack;

inline void push_frame(const void* call_site, const void* frame, const void* entry) {
  ShadowStack& stack = g_shadow_stack;
  if (stack.top == stack.limit) [[unlikely]] {
    ++stack.beyond;
    return;
  }
  *stack.top++ = {call_site, frame, entry};
}

inline void pop_frame() {
  ShadowStack& stack = g_shadow_stack;
  if (stack.beyond != 0) [[unlikely]] {
    --stack.beyond;
    return;
  }
  if (stack.top != stack.base) --stack.top;
}

}  // namespace chicane::engine
