// SPDX-License-Identifier: Apache-2.0
//
// From addresses to the program's own words: code addresses to functions, files and lines (inlined
// calls expanded), data addresses to variables and the lines that declare them. It reads the debug
// information of the modules of the current process, so that a parent can speak of the addresses
// of its forked children: same modules, same places.
//
// Thread safety: one thread, outside of a run (it allocates and reads files).
// Invariants:
//   I1. Nothing is read from the program's memory: only debug information and symbol tables.
//   I2. Same address, same answer; answers are cached.
//   I3. An address that nobody knows gives an empty answer, never a raw number in a name.
// Cost: the first use maps the modules (about a millisecond); each compile unit is indexed when the
// first address in it is asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "chicane/chicane.h"
#include "engine/finding.h"

namespace chicane::report {

/// A variable, or a part of one: "counter", "account.balance", "slots[3]".
struct Variable {
  std::string name;  // empty: it has none (memory on the heap) or it is not known
  std::string file;  // of its declaration; absolute
  int line = 0;
};

/// A code address that survives address-space randomization.
struct ModuleOffset {
  std::string module;  // base name of the executable or library; empty: unknown
  std::uint64_t offset = 0;
};

/// A code address that survives changes of other functions.
struct SymbolOffset {
  std::string symbol;  // as the linker knows it; empty: unknown
  std::uint64_t offset = 0;
};

class Symbolizer {
 public:
  Symbolizer();
  ~Symbolizer();
  Symbolizer(const Symbolizer&) = delete;
  Symbolizer& operator=(const Symbolizer&) = delete;

  /// The calls that the return address `pc` stands for, innermost first: more than one where calls
  /// were inlined, at least one always. `Frame::pc` is `pc`.
  const std::vector<Frame>& frames(std::uint64_t pc);
  /// A whole stack.
  std::vector<Frame> frames(const engine::Stack& stack);

  /// The variable at a place. For the stack, `Place::frame_entry` or else `Place::frame_pc` tells
  /// the function and `Place::frame_base` its frame pointer.
  Variable describe(const engine::Place& place);

  ModuleOffset module_offset(std::uint64_t pc);
  /// The inverse; 0 when there is no such module.
  std::uint64_t address_of(const ModuleOffset& place);
  SymbolOffset symbol_offset(std::uint64_t pc);
  struct CodeRange {
    std::uint64_t low = 0, high = 0;  // [low, high)
  };
  /// The functions of a symbol: static functions of several files may share one.
  std::vector<CodeRange> functions_named(const std::string& module, const std::string& symbol);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace chicane::report
