// SPDX-License-Identifier: Apache-2.0
//
// Whether a file is a program that can be explored, and if not, why not and what to do.
//
// Thread safety: pure functions of the file system.
#pragma once

#include <string>

#include "runner/problem.h"

namespace chicane::runner {

/// The file that a shell would start for `name`: with a slash that path, else searched in PATH.
/// Empty when there is none.
std::string find_program(const std::string& name);

/// What is wrong with it: `what` is empty when it can be explored. `name` is for the message.
Problem inspect_program(const std::string& name, const std::string& path);

}  // namespace chicane::runner
