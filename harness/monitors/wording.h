// SPDX-License-Identifier: Apache-2.0
//
// Plain words for findings: whom, and what it waits for.
//
// Thread safety: pure functions of a run that stands still.
#pragma once

#include <string>

#include "engine/engine.h"

namespace chicane::monitors {

/// "main", "goroutine 2", "thread 1".
std::string name_of(const engine::Thread& thread);
/// What a thread that has announced `operation` waits for: "waits to send on a channel".
std::string waits_for(const engine::Operation& operation);
/// "1 thread", "3 threads".
std::string count_of(std::size_t count, const char* thing);

}  // namespace chicane::monitors
