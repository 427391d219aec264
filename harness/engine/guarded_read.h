// SPDX-License-Identifier: Apache-2.0
//
// The engine reads what the program is about to touch (Engine::read_value), and a program's pointer
// may be wrong. Then the read is given up, its value is 0, and the program comes to the fault by
// itself, at its own instruction.
//
// Thread safety: the fault handler, on a stack of its own.
#pragma once

namespace chicane::engine {

/// Goes on behind the read. Only while Engine::reading_for_program().
[[noreturn]] void give_up_read();

}  // namespace chicane::engine
