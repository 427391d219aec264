// SPDX-License-Identifier: Apache-2.0
//
// What a thread of the program finds on its stack where it has written nothing: as the system has
// it (zeros, or what a thread left there before), or a stain, so that what depends on it shows.
//
// Thread safety: to be set before the runs of a process.
#pragma once

namespace chicane::engine {

/// The byte that a new thread's stack is filled with; 0: it stays as it is.
extern unsigned char g_stack_stain;

}  // namespace chicane::engine
