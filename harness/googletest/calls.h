// SPDX-License-Identifier: Apache-2.0
//
// Calls from the program into GoogleTest, redirected to calls.cc by the linker's --wrap
// (CMakeLists.txt has the list).
//
// Thread safety: program thread.
#pragma once

namespace chicane::googletest {

/// Where the program called GoogleTest, while it is there; else null.
const void* call_site();

}  // namespace chicane::googletest
