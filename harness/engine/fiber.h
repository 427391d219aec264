// SPDX-License-Identifier: Apache-2.0
//
// A switch between two fibers of one OS thread: to leave one where it is and to go on with another.
// On x86-64 by hand, for the processor's sake: a switch that is called as a function
// (Boost.Context's jump_fcontext, used elsewhere) leaves by a jump, so that the processor's own
// stack of return addresses is off by one ever after, and each return on the way back to the
// program is mispredicted, four or five for each operation. This one is part of its caller, and
// takes the processor to where its prediction says when both fibers came here the same way.
//
// Thread safety: engine context only.
// Invariants:
//   I1. What a function call preserves, a switch preserves: the callee's registers, and each
//   fiber's
//       own rounding modes. A new fiber begins with its creator's rounding modes.
// Cost: about 5 ns.
#pragma once

#include <cstddef>
#include <cstdint>

#if !defined(__x86_64__)
#include <boost/context/detail/fcontext.hpp>
#endif

namespace chicane::engine {

/// What a new fiber runs; must not return.
using FiberEntry = void (*)();

#if defined(__x86_64__)

/// A fiber that does not run: its stack pointer, frame pointer and next instruction.
struct Fiber {
  void* stack = nullptr;
  void* frame = nullptr;
  void* resume = nullptr;
  std::uint32_t sse_control = 0;
  std::uint16_t x87_control = 0;

  /// Where its stack ends.
  const void* stack_pointer() const { return stack; }
};

inline void note_rounding(Fiber& of) {
  asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(of.sse_control), "=m"(of.x87_control));
}

/// Makes the next switch to `fiber` call `entry` on the empty stack below `top`.
inline void start_fiber(Fiber& fiber, char* top, const char* /*low*/, FiberEntry entry) {
  // As if called from nowhere: whoever unwinds the stack finds its end there.
  auto* stack =
      reinterpret_cast<void**>(reinterpret_cast<std::uintptr_t>(top) & ~std::uintptr_t{15});
  *--stack = nullptr;
  fiber.stack = stack;
  fiber.frame = nullptr;
  fiber.resume = reinterpret_cast<void*>(entry);
  note_rounding(fiber);
}

[[gnu::always_inline]] inline void switch_fiber(Fiber& from, Fiber& to) {
  note_rounding(from);
  if (from.sse_control != to.sse_control || from.x87_control != to.x87_control) [[unlikely]] {
    asm volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(to.sse_control), "m"(to.x87_control));
  }
  Fiber* leaving = &from;
  Fiber* entering = &to;
  asm volatile(
      "movq %%rsp, 0(%%rdi)\n\t"
      "movq %%rbp, 8(%%rdi)\n\t"
      "leaq 1f(%%rip), %%rax\n\t"
      "movq %%rax, 16(%%rdi)\n\t"
      "movq 0(%%rsi), %%rsp\n\t"
      "movq 8(%%rsi), %%rbp\n\t"
      "jmpq *16(%%rsi)\n"
      "1:"
      : "+D"(leaving), "+S"(entering)
      :
      : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0",
        "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
        "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
}

#else

struct Fiber {
  boost::context::detail::fcontext_t context = nullptr;
  FiberEntry entry = nullptr;

  const void* stack_pointer() const { return context; }
};

/// The fibers of a switch: who left is told to whom it came.
struct FiberSwitch {
  Fiber *from, *to;
};

inline void arrive(boost::context::detail::transfer_t transfer) {
  static_cast<FiberSwitch*>(transfer.data)->from->context = transfer.fctx;
}

inline void start_fiber(Fiber& fiber, char* top, const char* low, FiberEntry entry) {
  fiber.entry = entry;
  const auto begin = [](boost::context::detail::transfer_t transfer) {
    const FiberEntry body = static_cast<FiberSwitch*>(transfer.data)->to->entry;
    arrive(transfer);
    body();
  };
  fiber.context =
      boost::context::detail::make_fcontext(top, static_cast<std::size_t>(top - low), begin);
}

inline void switch_fiber(Fiber& from, Fiber& to) {
  FiberSwitch fibers{&from, &to};
  arrive(boost::context::detail::jump_fcontext(to.context, &fibers));
}

#endif

}  // namespace chicane::engine
