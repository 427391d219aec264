// SPDX-License-Identifier: Apache-2.0
//
// What an executable or a shared library says of itself: for which machine it is, how it is linked,
// and which symbols it gives to others or wants from them. (System V ABI, chapters 4 and 5.)
//
// Thread safety: pure functions of the file.
// Invariants:
//   I1. A file that is cut short or lies about its sizes gives an error, not a fault.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace chicane::report {

struct ElfFile {
  unsigned bits = 0;                // 32 or 64
  unsigned machine = 0;             // EM_X86_64, ...
  bool executable = false;          // a program, not an object file or an archive's member
  bool has_loader = false;          // it asks for a dynamic linker: not statically linked
  std::vector<std::string> needed;  // libraries
  std::set<std::string> defined;    // dynamic symbols, and the others where they are not stripped
  std::set<std::string> wanted;
};

/// False with `*error` when the file cannot be read or is no ELF file of this byte order. Of a
/// 32-bit file only `bits` and `machine` are filled in.
bool read_elf(const std::string& path, ElfFile* file, std::string* error);

}  // namespace chicane::report
