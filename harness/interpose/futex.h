// SPDX-License-Identifier: Apache-2.0
//
// The model of the kernel's futexes. Threads that wait are in one list, by arrival.
//
//   wait(word, expected)      word is not `expected`: EAGAIN. Else queued: woken, or timed out
//   wake(word, n)             n of the threads that wait there (and whose bits meet): which, is a
//                             choice; lost when none waits
//   requeue(word, n, m, to)   wakes n, and lets m others wait at `to` instead
//
// Happens-before: none of its own; the program orders by the word, which it reads and writes as an
// atomic. Where a library without instrumentation does that, its accesses are not seen: a wake from
// there counts as a release store to the word, and the end of a wait there as an acquire load.
//
// Thread safety: program thread, under the engine.
#pragma once

#include <ctime>

#include "engine/engine.h"

namespace chicane::interpose {

/// syscall(SYS_futex, ...); the result is the system call's, errors as -errno.
long futex(engine::Engine& engine, std::uint32_t* word, int operation, std::uint32_t value,
           const timespec* timeout, std::uint32_t* other_word, std::uint32_t last,
           const void* site);

}  // namespace chicane::interpose
