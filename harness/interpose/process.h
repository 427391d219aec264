// SPDX-License-Identifier: Apache-2.0
//
// Runs that end badly: signals, abort, exit, failed assertions and uncaught exceptions of the
// program become findings, and end the run instead of the process.
//
// Thread safety: driver.
#pragma once

namespace chicane::interpose {

/// Takes over the fatal signals and std::terminate in this process (a child that runs programs).
void install_crash_handlers();

/// The signals by which the parent asks a child that no longer moves where it is: one that
/// computes, and one that waits in a call.
int spinning_signal();
int blocked_signal();

}  // namespace chicane::interpose
