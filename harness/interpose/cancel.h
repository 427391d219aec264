// SPDX-License-Identifier: Apache-2.0
//
// Deferred cancellation: pthread_cancel marks a thread; the thread ends at its next cancellation
// point, or in the wait that it is in, by unwinding its stack (destructors and cleanup handlers
// run, as they do with the C library).
//
// Thread safety: program thread, under the engine.
#pragma once

#include "engine/engine.h"

namespace chicane::interpose {

/// Whether somebody has asked the running thread to end and it does not forbid that now.
bool is_cancelled(engine::Engine& engine);
/// Ends the running thread if so.
void cancellation_point(engine::Engine& engine);
/// `perform` for a wait that is a cancellation point: may end the thread instead of returning.
bool perform_cancellable(engine::Engine& engine, const engine::Operation& operation);
/// The same for a wait after which there is something to put in order: false also when the thread
/// is cancelled; to be followed by `cancellation_point`.
bool perform_interruptible(engine::Engine& engine, const engine::Operation& operation);

/// What the caller of these announced, of a pending operation.
const engine::Operation* as_announced(const engine::Operation* pending);

}  // namespace chicane::interpose
