// SPDX-License-Identifier: Apache-2.0
//
// What bounds an exploration beside the options: the clock by which its time limit goes, and how
// much work it puts into a witness. Tests give others, so that none of them waits or counts on the
// machine's speed.
//
// Thread safety: driver.
#pragma once

#include <chrono>
#include <cstdint>

namespace chicane::runner {

struct Budgets {
  std::chrono::steady_clock::time_point (*now)() = &std::chrono::steady_clock::now;
  /// What making a witness short may cost as a whole, in operations.
  std::uint64_t shortening = 20'000'000;
};

inline Budgets g_budgets;

}  // namespace chicane::runner
