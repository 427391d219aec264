// SPDX-License-Identifier: Apache-2.0
//
// The program's clocks under the engine: virtual time, counted from fixed beginnings, so that every
// run sees the same times.
//
// Thread safety: pure functions.
#pragma once

#include <ctime>

#include "engine/operation.h"

namespace chicane::interpose {

/// The virtual time of an absolute time of `clock`; a time before the run began is 0.
engine::Time virtual_time(clockid_t clock, const timespec& time);
/// The inverse.
timespec clock_time(clockid_t clock, engine::Time time);

}  // namespace chicane::interpose
