// SPDX-License-Identifier: Apache-2.0
//
// Which variable of a function's frame lies at an address, and which part of a variable an offset
// is. Part of the symbolizer; nobody else includes it.
//
// Thread safety: one thread.
#pragma once

#include <cstdint>
#include <string>

#include "report/dwarf_index.h"
#include "report/symbolizer.h"

namespace chicane::report {

/// The variable of the function at `code` that holds `address` when the function's frame pointer is
/// `frame_base`. Variables of blocks that contain `code.address` win over those of others, which
/// may use the same stack slot at another time.
Variable find_in_frame(const CodePlace& code, std::uint64_t frame_base, std::uint64_t address);

/// Name and declaration of a variable, and of the member or element at `offset` in it.
Variable name_variable(Dwarf_Die* unit, Dwarf_Die* variable, std::uint64_t offset);

/// `path` without "." and ".." steps, below `directory` when it is relative.
std::string absolute_path(const char* path, const char* directory);
/// The directory in which a unit was compiled; null when unknown.
const char* compile_directory(Dwarf_Die* unit);

}  // namespace chicane::report
