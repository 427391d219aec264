// SPDX-License-Identifier: Apache-2.0
//
// The program's clocks under the engine: virtual time, counted from fixed beginnings, so that every
// run sees the same times.
//
// Thread safety: pure functions; sleeps: program thread, under the engine.
#pragma once

#include <ctime>

#include "engine/engine.h"

namespace chicane::interpose {

/// The virtual time of an absolute time of `clock`; a time before the run began is 0.
engine::Time virtual_time(clockid_t clock, const timespec& time);
/// A duration or time in nanoseconds, at most some hundred years.
engine::Time nanoseconds(const timespec& time);
/// What `clock` shows at a virtual time.
timespec clock_time(clockid_t clock, engine::Time time);

/// Sleeps of the running thread; cancellation points.
void sleep_until(engine::Engine& engine, engine::Time deadline, const void* site);
void sleep_for(engine::Engine& engine, engine::Time duration, const void* site);

}  // namespace chicane::interpose
