// SPDX-License-Identifier: Apache-2.0
//
// An exploration inside of an exploration: there is one engine in a process, and it is taken.
//
// Thread safety: any thread of a program.
#pragma once

#include "chicane/chicane.h"

namespace chicane::runner {

/// Whether the caller is a program under exploration.
bool is_explored();
/// What its own exploration results in. Calls the handler first, which need not return.
Result refuse_nested();
/// Null: none. Driver.
void on_nested_exploration(void (*handler)());

}  // namespace chicane::runner
