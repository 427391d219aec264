// SPDX-License-Identifier: Apache-2.0
//
// The program's own nondeterminism: at the beginning of an exploration (leg "sched") some schedules
// are run four times each, in fresh copies of the process, one of them with other addresses and
// other bytes where the program has not written. Where the runs differ, that is `nondeterminism`.
// These runs are not counted as runs of the exploration.
//
// Thread safety: driver.
#pragma once

namespace chicane::runner {

/// How many schedules; 0: none, for tests that count runs.
extern unsigned g_schedules_run_twice;

}  // namespace chicane::runner
