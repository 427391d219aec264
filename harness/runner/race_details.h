// SPDX-License-Identifier: Apache-2.0
//
// ThreadSanitizer's reports of races have places and no more: under its runtime the engine does not
// see plain accesses. Where the leg `sched` has reported the same race of the same program, what it
// knows completes the other's: the variable, its memory, the values, the locks, and what would
// order the accesses. The text says whose knowledge it is.
//
// Thread safety: pure functions.
// Invariants:
//   I1. Only a race at the same lines is completed, and nothing that a leg said itself is replaced,
//       but a name that is only a number.
#pragma once

#include <span>
#include <string>

#include "chicane/chicane.h"

namespace chicane::runner {

/// Whether it is a race of which only the places are known.
bool lacks_details(const Diagnosis& race);

/// Completes the races in `to` by those in `known`, of another leg, which is called `leg`.
void complete_races(std::span<Diagnosis> to, std::span<const Diagnosis> known,
                    const std::string& leg);

}  // namespace chicane::runner
