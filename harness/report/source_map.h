// SPDX-License-Identifier: Apache-2.0
//
// Which frames are the user's own. The site of a stack is its innermost frame in the user's files;
// what lies below it (the standard library, Chicane's headers and runtime) is how it got there.
//
// Thread safety: pure functions.
#pragma once

#include <functional>
#include <string>

#include "chicane/chicane.h"

namespace chicane::report {

/// Whether a file (absolute) is the user's own.
using UserFile = std::function<bool(const std::string& file)>;

/// Everything that is not a system header or library, nor Chicane itself.
bool is_user_file(const std::string& file);
/// Only what lies below `folder`.
UserFile files_below(std::string folder);

/// The innermost frame in the user's files; when there is none the innermost one that has a line,
/// else the innermost; null for an empty stack.
const Frame* user_frame(const std::vector<Frame>& stack, const UserFile& is_user = is_user_file);
const Frame* user_frame(const Site& site, const UserFile& is_user = is_user_file);

/// The last part of a path.
std::string base_name(const std::string& path);

}  // namespace chicane::report
