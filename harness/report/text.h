// SPDX-License-Identifier: Apache-2.0
//
// Small helpers for text in columns. Width is counted in UTF-8 code points.
//
// Thread safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chicane::report {

/// Columns that a text takes.
std::size_t width_of(std::string_view text);
/// `text` with spaces behind it, up to `width` columns.
std::string padded(std::string_view text, std::size_t width);
/// `text`, cut to `width` columns, the last three of them dots when something was cut.
std::string shortened(std::string_view text, std::size_t width);
/// `text` broken at spaces into lines of at most `width` columns (longer words stay whole).
std::vector<std::string> wrapped(std::string_view text, std::size_t width);
/// "1 step", "2 steps"; "switch" makes "switches".
std::string counted(std::uint64_t count, const std::string& noun);

/// As one word of a shell's command line: in quotes where it needs them.
std::string for_shell(const std::string& word);

/// A table with "|" between its columns; columns shrink, the widest first, until it fits. The first
/// row says how many columns there are; one more cell in a later row stands beside the table.
std::string format_table(std::vector<std::vector<std::string>> rows, std::size_t width);

}  // namespace chicane::report
