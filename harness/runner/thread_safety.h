// SPDX-License-Identifier: Apache-2.0
//
// The leg `thread-safety`: clang's -Wthread-safety warnings, as it printed them while compiling the
// scenario, become diagnoses.
//
//     clang says                                         kind, site
//     "... is still held at the end of function"         lock-leak, where it was acquired
//     "... is not held on every path through here"       lock-leak, where it was acquired
//     "expecting ... held at start of each loop"         lock-leak, where it was acquired
//     "acquiring ... that is already held"               self-deadlock (rwlock-upgrade when the
//                                                        first was shared), both acquisitions
//     "cannot call function ... while ... is held"       self-deadlock, the call
//     "releasing ... that was not held"                  double-unlock when clang has seen the
//                                                        unlock before (both), else
//                                                        unlock-of-unlocked
//     "releasing ... using shared access, expected ..."  unlock-of-unlocked: that mode is not held
//     "reading/writing ... requires holding"             data-race, the access
//     "calling function ... requires holding"            wait-without-lock for a wait, data-race
//     else
//     "... must be acquired before ..."                  lock-order-inversion, the acquisition
//
// Where a warning has a note, the note's line is the site a person would mark: the lock that was
// left, not the closing brace.
//
// Thread safety: pure functions.
// Invariants:
//   I1. A thread-safety warning that is not in the table is an error, never dropped.
//   I2. Other warnings are none of this leg's business.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chicane/chicane.h"

namespace chicane::runner {

/// Reads clang's text. `source` has the scenario's lines, to tell shared from exclusive
/// acquisitions. Diagnoses have leg "thread-safety" and no witness, so `confirmed` is false.
/// Returns false and says why in `*error` when a warning cannot be named.
bool parse_thread_safety(std::string_view text, const std::vector<std::string>& source,
                         std::vector<Diagnosis>* diagnoses, std::string* error);

}  // namespace chicane::runner
