// SPDX-License-Identifier: Apache-2.0
//
// Where the engine comes into a GoogleTest suite. Linking this room is enough: a listener, which is
// there before main, puts an ExploringFactory in the place of each test's factory when the tests
// begin to run. A suite with its own main thus works too; there flags are read from the process's
// command line then, and main may see them as well.
//
// Thread safety: one thread.
#pragma once

namespace chicane::googletest {

/// Reads the settings from these arguments, takes them out, and ends the process with status 2
/// when they are wrong, 77 when they ask for what is not there.
void configure(int* argc, char** argv);
/// What is still to be done when flags of GoogleTest are known, too: a replay implies its test.
/// False with one line in `*error`.
void choose_replayed_test();

}  // namespace chicane::googletest
