// SPDX-License-Identifier: Apache-2.0
//
// The program's libraries that were not compiled with the instrumentation: calls that they make are
// seen, their plain accesses are not.
//
// Thread safety: driver.
#pragma once

#include <string>
#include <vector>

namespace chicane::runner {

/// Base names, in the order in which they were loaded. The C and C++ libraries, and what only the
/// runtime needs, are not among them.
std::vector<std::string> modules_without_instrumentation();
/// Whether the library at `path` was compiled with the instrumentation.
bool is_instrumented(const std::string& path);

}  // namespace chicane::runner
