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

#include <pthread.h>
#include <sys/syscall.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/fiber.h"
#include "engine/operation.h"
#include "engine/shadow_stack.h"

#if defined(__x86_64__)
#include <asm/prctl.h>
#endif

namespace chicane::engine {

class Context {
 public:
  /// So many modules with thread-local storage are told apart.
  static constexpr std::size_t kModules = 64;
  /// A new parked thread; null when the system has no more. `stack_size` in bytes, 0: the default.
  static Context* create(std::size_t stack_size);
  /// What `create` was asked for.
  std::size_t stack_size() const { return stack_size_; }
  /// The same, usable in the processes that this one forks, too: a stack that the C library gave
  /// would be taken for free there, and given to another thread.
  static Context* create_inheritable();
  bool is_inheritable() const { return inheritable_; }
  /// The context of the calling OS thread itself (the driver's).
  static Context* adopt_caller();

  /// Makes the next switch to this context begin at `entry`, on an empty stack, with fresh
  /// thread-local storage.
  void reset(FiberEntry entry);
  /// Continues `this` from `from`, which must be the running one. Returns when somebody switches
  /// back to `from`.
  void switch_from(Context& from);

  std::uint64_t handle() const { return handle_; }
  const char* stack_low() const { return stack_low_; }
  const char* stack_high() const { return stack_high_; }
  /// Where its stack ends while another runs.
  const void* stack_pointer() const { return fiber_.stack_pointer(); }
  ShadowStack& shadow() { return shadow_; }
  /// Notes whether ThreadSanitizer was told to look away from this thread; returns what was noted
  /// before.
  bool set_looking_away(bool now) {
    const bool before = looking_away_;
    looking_away_ = now;
    return before;
  }
  const ShadowStack& shadow() const { return shadow_; }
  /// Notes that `thread` of run `run` has it now; returns who had it before in that run.
  ThreadId occupy(std::uint64_t run, ThreadId thread) {
    const ThreadId before = occupied_in_ == run ? occupant_ : kNoThread;
    occupied_in_ = run;
    occupant_ = thread;
    return before;
  }

 private:
  static Context* create_with(const pthread_attr_t& attributes);
  static void* park(void* self);
  Fiber fiber_;
  std::uintptr_t thread_pointer_ = 0;
  std::uint64_t handle_ = 0;
  char* stack_top_ = nullptr;  // below the parked thread's own frames
  std::size_t stack_size_ = 0;
  const char* stack_low_ = nullptr;
  const char* stack_high_ = nullptr;
  ShadowStack shadow_;
  int ready_ = 0;
  bool looking_away_ = false;
  bool inheritable_ = false;
  // Its thread-local storage of each module that has an image to begin with; null: not known yet.
  char* blocks_[kModules] = {};
  std::uint64_t occupied_in_ = 0;
  ThreadId occupant_ = kNoThread;
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

[[gnu::always_inline]] inline void Context::switch_from(Context& from) {
  // Its base and limit stay; and a copy of all would wait for the last store to `top`.
  from.shadow_.top = g_shadow_stack.top;
  from.shadow_.beyond = g_shadow_stack.beyond;
  g_shadow_stack = shadow_;
  write_thread_pointer(thread_pointer_);
  switch_fiber(from.fiber_, fiber_);
}

/// Contexts that are free, and those in use.
class ContextPool {
 public:
  /// `stack_size` in bytes, 0: the system's default.
  Context* take(FiberEntry entry, std::size_t stack_size);
  void give_back(Context* context) {
    (context->stack_size() == 0 ? free_ : sized_).push_back(context);
  }
  /// Makes contexts ahead, so that processes forked from this one need not make them.
  void prepare(std::size_t count);
  /// After fork: those whose stacks the C library takes for free now are forgotten.
  void keep_inheritable() {
    std::erase_if(free_, [](const Context* context) { return !context->is_inheritable(); });
    sized_.clear();
  }

 private:
  std::vector<Context*> free_;
  std::vector<Context*> sized_;  // those whose stacks were asked for by size
};

/// Whether switching writes the thread pointer by instruction (FSGSBASE) or by system call.
bool has_fast_thread_pointer();

}  // namespace chicane::engine
