// SPDX-License-Identifier: Apache-2.0
//
// The tables of a diagnosis: its schedule, one column per thread, and for a deadlock who waits for
// what and holds what.
//
// Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <string>

#include "chicane/chicane.h"
#include "report/source_map.h"

namespace chicane::report {

/// The steps that matter: those on the objects and at the steps that the diagnosis names, and
/// forced switches; at most about `max_rows`, "..." standing for the rest. Empty when the diagnosis
/// has no steps.
std::string schedule_table(const Diagnosis& diagnosis, std::size_t max_rows, std::size_t width);

/// Every thread of the diagnosis that waits: for what, where, and what it holds since where. Empty
/// when none waits.
std::string wait_for_table(const Diagnosis& diagnosis, const UserFile& is_user, std::size_t width);

/// The name of a thread in a diagnosis.
std::string thread_label(const Diagnosis& diagnosis, int thread);
/// An object as it stands in a sentence: variables in backquotes, "lock 1" and no name as they are.
std::string quoted_object(const std::string& object);

}  // namespace chicane::report
