// SPDX-License-Identifier: Apache-2.0
//
// Calls that have no model under the engine. None is silent: the run ends with an `uncontrolled`
// diagnosis that names the call, where it was made, and what to do instead.
//
// Thread safety: program thread, under the engine.
#pragma once

#include "engine/engine.h"

namespace chicane::interpose {

/// Ends the run. `why` is one clause, `instead` another: "<call>: <why>; <instead>".
[[noreturn]] void refuse(engine::Engine& engine, const char* call, const char* why,
                         const char* instead, const void* site);

/// Whether code at this address belongs to the executable, whose accesses the engine sees.
bool in_executable(const void* code);
/// The same without the runtime's own code, which lies behind the program's in the executable.
bool in_program(const void* code);

}  // namespace chicane::interpose
