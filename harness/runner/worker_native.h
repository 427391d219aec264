// SPDX-License-Identifier: Apache-2.0
//
// A scenario on free threads, without the engine: what everybody's ThreadSanitizer shows. A figure
// to hold against the deterministic legs, never a promise: which runs report depends on the
// machine.
//
// Thread safety: driver, in a worker; forks.
#pragma once

#include <functional>

#include "runner/native_counts.h"

namespace chicane::runner {

/// Runs `program` `runs` times, each in a process of its own, several at once, each for at most
/// `limit_seconds` of processor time, or of waiting: what a busy machine lets lie is not hung.
NativeCounts run_natively(const std::function<void()>& program, unsigned runs,
                          double limit_seconds);

}  // namespace chicane::runner
