// SPDX-License-Identifier: Apache-2.0
//
// The end of a whole program: exit, return from main, _exit, quick_exit and the end of the last
// thread, with the exit handlers and the destructors of static objects, which run as part of the
// run: other threads may still use what they destroy.
//
// A *hosted* process is one whose main is run under the engine. Handlers that such a process
// registers before main are noted, and called at the end of each run, last registered first.
//
// Thread safety: `end_program` program thread; the others driver, before the first run.
#pragma once

#include <cstdint>

#include "engine/engine.h"

namespace chicane::interpose {

enum class Ending : std::uint8_t { kReturn, kExit, kQuickExit, kAtOnce, kLastThread };

/// Whether this process was started to be explored as a whole.
bool is_hosted();
/// The environment variable that says so, and where the session's files are.
inline constexpr const char* kSessionVariable = "CHICANE_SESSION";

/// Exit statuses other than 0 that are no finding. `all`: every one.
void allow_exit_status(int status);
void allow_every_exit_status();
/// Whether a run calls the handlers that were registered before main: only where the process is
/// not used for another run.
void call_early_handlers(bool call);

/// The call that first started a thread outside of a run; null: none did.
inline const void* g_native_thread_site = nullptr;

/// Ends the run as the process would end. `site`: where it was asked for.
[[noreturn]] void end_program(engine::Engine& engine, Ending ending, int status, const void* site);
/// RunOptions::end_process.
void end_after_last_thread();

}  // namespace chicane::interpose
