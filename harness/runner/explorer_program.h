// SPDX-License-Identifier: Apache-2.0
//
// A whole program under the engine. `__libc_start_main` is interposed: a process that the `chicane`
// command started becomes, when its global constructors have run, the template from which runs are
// forked, each of which calls main; any other process just calls main.
//
// Thread safety: called once, by the C library's start-up code.
// Invariants:
//   I1. The template never executes main, an exit handler or a destructor of the program.
//   I2. A run finds standard input at its beginning, and the arguments as they were given.
#pragma once

namespace chicane::runner {

/// What main is called with.
struct MainCall {
  int (*main)(int, char**, char**) = nullptr;
  int argument_count = 0;
  char** arguments = nullptr;
  char** environment = nullptr;
};

/// Does what the request in `folder` says, and ends the process.
[[noreturn]] void host_program(const MainCall& call, const char* folder);

}  // namespace chicane::runner
