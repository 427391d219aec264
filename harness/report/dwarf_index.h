// SPDX-License-Identifier: Apache-2.0
//
// Which module, compile unit and function of this process an address belongs to. An index over
// libdw, made lazily: modules at first use, a unit's functions and static variables when an
// address in it is first asked for. (libdw's own look-up needs .debug_aranges, which clang does
// not write.) Part of the symbolizer; nobody else includes it.
//
// Thread safety: one thread.
#pragma once

#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace chicane::report {

/// A function's code, by module-relative addresses.
struct FunctionRange {
  Dwarf_Addr low = 0, high = 0;
  Dwarf_Die die{};
};

/// A variable with a fixed address.
struct StaticVariable {
  Dwarf_Addr address = 0;
  std::uint64_t size = 0;
  Dwarf_Die die{};
};

struct Unit {
  Dwarf_Die die{};
  bool indexed = false;
  std::vector<FunctionRange> functions;  // by rising address once indexed
  std::vector<StaticVariable> variables;
};

struct UnitRange {
  Dwarf_Addr low = 0, high = 0;
  Unit* unit = nullptr;
};

struct Module {
  Dwfl_Module* handle = nullptr;
  std::string name;  // base name of its file
  Dwarf_Addr start = 0, end = 0;
  Dwarf_Addr bias = 0;  // run-time address minus address in the debug information
  bool opened = false;
  std::deque<Unit> units;
  std::vector<UnitRange> ranges;  // by rising address
};

/// Where a code address is. `address` is relative, as the debug information counts.
struct CodePlace {
  Module* module = nullptr;
  Unit* unit = nullptr;
  const FunctionRange* function = nullptr;
  Dwarf_Addr address = 0;
};

class DwarfIndex {
 public:
  DwarfIndex();
  ~DwarfIndex();
  DwarfIndex(const DwarfIndex&) = delete;
  DwarfIndex& operator=(const DwarfIndex&) = delete;

  /// The module of an address; null when there is none.
  Module* module_at(std::uint64_t address);
  Module* module_named(const std::string& name);
  /// What is known of a code address; members that are not known are null.
  CodePlace code_at(std::uint64_t address);
  /// The static variable at an address, units that were asked for before first; null when the debug
  /// information has none. `*module` is its module.
  const StaticVariable* variable_at(std::uint64_t address, Module** module);

 private:
  void open(Module* module);
  void index(Unit* unit);
  static bool is_user_unit(Unit* unit);
  void collect(Unit* unit, Dwarf_Die* parent);
  void add_function(Unit* unit, Dwarf_Die* die);
  void add_variable(Unit* unit, Dwarf_Die* die);
  Dwfl* session_ = nullptr;
  std::deque<Module> modules_;
};

/// The type of a variable or member without typedefs and qualifiers; false when it has none.
bool peeled_type(Dwarf_Die* die, Dwarf_Die* type);
/// Its size in bytes; 0 when unknown.
std::uint64_t type_size(Dwarf_Die* type);

}  // namespace chicane::report
