// SPDX-License-Identifier: Apache-2.0
//
// Files that are there whole or not at all.
#pragma once

#include <string>

namespace chicane::witness {

/// Writes `text` to `path`: into a file beside it, which is then renamed, so that nobody sees half
/// of it and what was there stays until all is written. What is no regular file (/dev/null,
/// /dev/stdout, a pipe, a symbolic link) keeps its place and is written into instead.
/// On failure returns false and says in `*error` what could not be written and why.
/// Safe from several threads and processes for different paths.
bool write_whole(const std::string& path, const std::string& text, std::string* error);

/// Removes what `write_whole` left in `folder` where it was killed in the middle: parts of
/// Chicane's own files (.chicane, .json) by processes that are no more. What is younger than a
/// minute stays, as a process of another machine or container may be at it.
void remove_abandoned(const std::string& folder);

/// Whether `write_whole` could write to `path`, as far as one can know without writing: to say so
/// before hours of work. Else false, and why in `*error`.
bool can_write(const std::string& path, std::string* error);

}  // namespace chicane::witness
