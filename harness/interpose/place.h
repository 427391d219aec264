// SPDX-License-Identifier: Apache-2.0
//
// Where the running thread is in the program's own code, from the machine's stack and the engine's
// shadow stack: the place in the innermost function that is instrumented, which may be a call into
// a library. The engine's last call site is that of an operation or an access, and may be one of a
// little earlier (seen_accesses.h); this is where the thread is now.
//
// Thread safety: program thread, or engine context.
// Cost: microseconds for each frame between here and there; allocates nothing.
#pragma once

#include <signal.h>

namespace chicane::interpose {

/// A call site: it lies behind the instruction that is meant. Null where it does not show (code
/// without unwind tables in between, no instrumented function).
const void* place_in_program();

/// The same in the handler of a fault, whose `context` is changed: the program cannot go on. A call
/// through a wrong pointer is placed where the call is.
const void* place_of_fault(const siginfo_t& info, void* context);

}  // namespace chicane::interpose
