// SPDX-License-Identifier: Apache-2.0
//
// Addresses that repeat from process to process: without them the names of locks, and whatever in
// the program depends on an address, would differ between a search and a later replay.
//
// Thread safety: at the process's start, before it has a second thread.
#pragma once

namespace chicane::runner {

/// Starts this process anew without address-space randomization, unless it has none already. Where
/// the system forbids that, says once on standard error what is lost, and returns.
void fix_addresses(char** argv);

}  // namespace chicane::runner
