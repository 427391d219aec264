// SPDX-License-Identifier: Apache-2.0
//
// Whether a process stands still of its own: what waits for a processor on a busy machine, or is
// stopped, does not go on either, and yet is not blocked.
//
// Thread safety: any thread, outside of a run.
#pragma once

#include <sys/types.h>

namespace chicane::runner {

/// Whether every thread of the process waits for something, so that a processor would be of no use
/// to any of them. True as well where the system does not tell.
bool only_waits(pid_t process);

}  // namespace chicane::runner
