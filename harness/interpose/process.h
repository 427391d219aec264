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

/// The signal by which the parent asks a child that no longer moves where it is.
int stuck_signal();

}  // namespace chicane::interpose
