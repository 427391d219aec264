// SPDX-License-Identifier: Apache-2.0
#include "interpose/place.h"

#include <ucontext.h>
#include <unwind.h>

#include <cstdint>

#include "engine/scope.h"
#include "engine/shadow_stack.h"

namespace chicane::interpose {
namespace {

// From the innermost frame outwards, until the one that called the instrumented function.
struct Walk {
  std::uintptr_t caller;
  std::uintptr_t inner = 0;
  bool met = false;
};

_Unwind_Reason_Code step(_Unwind_Context* frame, void* data) {
  Walk& walk = *static_cast<Walk*>(data);
  int interrupted = 0;
  const std::uintptr_t place = _Unwind_GetIPInfo(frame, &interrupted);
  walk.met = place == walk.caller;
  if (walk.met) return _URC_END_OF_STACK;
  // What was interrupted stands before its instruction, what has called behind it.
  walk.inner = place + (interrupted != 0 ? 1 : 0);
  return _URC_NO_REASON;
}

}  // namespace

const void* place_in_program() {
  const engine::ShadowStack& stack = engine::g_shadow_stack;
  if (stack.top == stack.base) return nullptr;
  const engine::Engine::Scope scope;  // the unwinder may call the C library
  Walk walk{.caller = reinterpret_cast<std::uintptr_t>(stack.top[-1].call_site)};
  _Unwind_Backtrace(&step, &walk);
  return walk.met ? reinterpret_cast<const void*>(walk.inner) : nullptr;
}

const void* place_of_fault([[maybe_unused]] const siginfo_t& info, [[maybe_unused]] void* context) {
#if defined(__x86_64__)
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto address = static_cast<greg_t>(reinterpret_cast<std::uintptr_t>(info.si_addr));
  if (info.si_signo == SIGSEGV && registers[REG_RIP] == address) {
    // No code is there, and nothing that could be unwound: back into the call.
    const auto* top = reinterpret_cast<const greg_t*>(registers[REG_RSP]);
    registers[REG_RIP] = *top - 1;
    registers[REG_RSP] += sizeof *top;
  }
#endif
  return place_in_program();
}

}  // namespace chicane::interpose
