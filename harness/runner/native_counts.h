// SPDX-License-Identifier: Apache-2.0
//
// How often a program on free threads showed that something is wrong with it.
//
// Thread safety: a value.
#pragma once

#include <nlohmann/json.hpp>

namespace chicane::runner {

struct NativeCounts {
  unsigned runs = 0;      // 0: not asked for
  unsigned reported = 0;  // ThreadSanitizer reported
  unsigned hung = 0;      // still running at the time limit
  unsigned crashed = 0;   // a signal, abort, a failed assertion, another exit status

  /// In how many runs a person could have seen it.
  unsigned shown() const { return reported + hung + crashed; }
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NativeCounts, runs, reported, hung, crashed)

}  // namespace chicane::runner
