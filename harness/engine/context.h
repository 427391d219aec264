// SPDX-License-Identifier: Apache-2.0
//
// A borrowed thread context: the stack and the thread-local storage of a real pthread that is
// parked for ever. A fiber that runs on them is, for `thread_local`, `pthread_self`, `errno`,
// malloc's caches and exceptions in flight, that thread.
//
// Thread safety: engine context only.
// Invariants:
//   I1. A parked pthread never runs again; only its memory is used.
//   I2. A context that is handed out has the thread-local storage of the program's own modules in
//       its initial state, as a new thread's would be.
// Cost: taking a pooled context about 20 ns (plus the size of the program's thread-local storage);
// making one about 20 us.
#pragma once

#include <sys/syscall.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/shadow_stack.h"

#if defined(__x86_64__)
#include <asm/prctl.h>
#endif

namespace chicane::engine {

class Context {
 public:
  using Entry = void (*)(boost::context::detail::transfer_t);

  /// A new parked thread; null when the system has no more. `stack_size` in bytes, 0: the default.
  static Context* create(std::size_t stack_size);
  /// The context of the calling OS thread itself (the driver's).
  static Context* adopt_caller();

  /// Makes the next switch to this context begin at `entry`, on an empty stack, with fresh
  /// thread-local storage.
  void reset(Entry entry);
  /// Continues `this` from `from`, which must be the running one. Returns when somebody switches
  /// back to `from`.
  void switch_from(Context& from);
  /// To be called first in an entry: `transfer` is what it was given.
  static void arrived(boost::context::detail::transfer_t transfer);

  std::uint64_t handle() const { return handle_; }
  const char* stack_low() const { return stack_low_; }
  const char* stack_high() const { return stack_high_; }
  /// Where its stack ends while another runs.
  const void* stack_pointer() const { return fiber_; }
  ShadowStack& shadow() { return shadow_; }
  /// Notes whether ThreadSanitizer was told to look away from this thread; returns what was noted
  /// before.
  bool set_looking_away(bool now) {
    const bool before = looking_away_;
    looking_away_ = now;
    return before;
  }
  const ShadowStack& shadow() const { return shadow_; }

 private:
  static void* park(void* self);
  boost::context::detail::fcontext_t fiber_ = nullptr;
  std::uintptr_t thread_pointer_ = 0;
  std::uint64_t handle_ = 0;
  char* stack_top_ = nullptr;  // below the parked thread's own frames
  const char* stack_low_ = nullptr;
  const char* stack_high_ = nullptr;
  ShadowStack shadow_;
  int ready_ = 0;
  bool looking_away_ = false;
};

/// Whether the thread pointer is written by instruction (FSGSBASE) or by system call.
extern const bool g_fast_thread_pointer;

inline void write_thread_pointer(std::uintptr_t value) {
#if defined(__x86_64__)
  if (g_fast_thread_pointer) [[likely]] {
    asm volatile("wrfsbase %0" ::"r"(value) : "memory");
  } else {
    asm volatile("syscall" ::"a"(SYS_arch_prctl), "D"(ARCH_SET_FS), "S"(value)
                 : "rcx", "r11", "memory");
  }
#else
  asm volatile("msr tpidr_el0, %0" ::"r"(value) : "memory");
#endif
}

inline void Context::arrived(boost::context::detail::transfer_t transfer) {
  static_cast<Context*>(transfer.data)->fiber_ = transfer.fctx;
}

inline void Context::switch_from(Context& from) {
  from.shadow_ = g_shadow_stack;
  g_shadow_stack = shadow_;
  write_thread_pointer(thread_pointer_);
  arrived(boost::context::detail::jump_fcontext(fiber_, &from));
}

/// Contexts that are free, and those in use.
class ContextPool {
 public:
  Context* take(Context::Entry entry);
  void give_back(Context* context) { free_.push_back(context); }
  /// After fork the parked threads are gone and so are their stacks: forget them.
  void forget() { free_.clear(); }

 private:
  std::vector<Context*> free_;
};

/// Whether switching writes the thread pointer by instruction (FSGSBASE) or by system call.
bool has_fast_thread_pointer();

}  // namespace chicane::engine
