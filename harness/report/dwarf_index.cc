// SPDX-License-Identifier: Apache-2.0
#include "report/dwarf_index.h"

#include <dwarf.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>

#include "report/source_map.h"

namespace chicane::report {
namespace {

/// Debug information in separate files (and from servers) is not looked for: the program's own
/// files have theirs inside, and system libraries need only their symbols.
int no_separate_debug_file(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*,
                           GElf_Word, char**) {
  return -1;
}

const Dwfl_Callbacks kCallbacks = {
    .find_elf = dwfl_linux_proc_find_elf,
    .find_debuginfo = no_separate_debug_file,
    .section_address = nullptr,
    .debuginfo_path = nullptr,
};

int note_module(Dwfl_Module* handle, void**, const char* name, Dwarf_Addr, void* modules) {
  Module& module = static_cast<std::deque<Module>*>(modules)->emplace_back();
  module.handle = handle;
  dwfl_module_info(handle, nullptr, &module.start, &module.end, nullptr, nullptr, nullptr, nullptr);
  module.name = name;
  const std::size_t slash = module.name.rfind('/');
  if (slash != std::string::npos) module.name.erase(0, slash + 1);
  return DWARF_CB_OK;
}

/// Modules end where their file does; zero-initialized data lies behind it.
int extend_module(dl_phdr_info* info, std::size_t, void* modules) {
  Dwarf_Addr low = ~Dwarf_Addr{0}, high = 0;
  for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    low = std::min<Dwarf_Addr>(low, info->dlpi_addr + segment.p_vaddr);
    high = std::max<Dwarf_Addr>(high, info->dlpi_addr + segment.p_vaddr + segment.p_memsz);
  }
  for (Module& module : *static_cast<std::deque<Module>*>(modules)) {
    if (module.end > low && module.start < high) module.end = std::max(module.end, high);
  }
  return 0;
}

/// Whether what `parent` has in it is local to a function.
bool is_local_to(Dwarf_Die* parent) {
  const int tag = dwarf_tag(parent);
  return tag != DW_TAG_compile_unit && tag != DW_TAG_namespace;
}

}  // namespace

bool peeled_type(Dwarf_Die* die, Dwarf_Die* type) {
  Dwarf_Attribute attribute;
  if (dwarf_attr_integrate(die, DW_AT_type, &attribute) == nullptr) return false;
  Dwarf_Die raw;
  if (dwarf_formref_die(&attribute, &raw) == nullptr) return false;
  return dwarf_peel_type(&raw, type) == 0;
}

std::uint64_t type_size(Dwarf_Die* type) {
  Dwarf_Word size = 0;
  return dwarf_aggregate_size(type, &size) == 0 ? size : 0;
}

DwarfIndex::DwarfIndex() {
  session_ = dwfl_begin(&kCallbacks);
  if (session_ == nullptr) return;
  dwfl_report_begin(session_);
  dwfl_linux_proc_report(session_, getpid());
  dwfl_report_end(session_, nullptr, nullptr);
  dwfl_getmodules(session_, &note_module, &modules_, 0);
  dl_iterate_phdr(&extend_module, &modules_);
}

DwarfIndex::~DwarfIndex() {
  if (session_ != nullptr) dwfl_end(session_);
}

Module* DwarfIndex::module_at(std::uint64_t address) {
  for (Module& module : modules_) {
    if (address >= module.start && address < module.end) return &module;
  }
  return nullptr;
}

Module* DwarfIndex::module_named(const std::string& name) {
  for (Module& module : modules_) {
    if (module.name == name) return &module;
  }
  return nullptr;
}

void DwarfIndex::open(Module* module) {
  if (module->opened) return;
  module->opened = true;
  Dwarf* dwarf = dwfl_module_getdwarf(module->handle, &module->bias);
  if (dwarf == nullptr) return;
  Dwarf_CU* cursor = nullptr;
  Dwarf_Die die, skeleton;
  std::uint8_t type = 0;
  while (dwarf_get_units(dwarf, cursor, &cursor, nullptr, &type, &die, &skeleton) == 0) {
    if (type != DW_UT_compile) continue;
    Unit& unit = module->units.emplace_back();
    unit.die = die;
    Dwarf_Addr base = 0, low = 0, high = 0;
    std::ptrdiff_t next = 0;
    while ((next = dwarf_ranges(&die, next, &base, &low, &high)) > 0) {
      if (low != 0 && low < high) module->ranges.push_back({low, high, &unit});
    }
  }
  std::sort(module->ranges.begin(), module->ranges.end(),
            [](const UnitRange& a, const UnitRange& b) { return a.low < b.low; });
}

void DwarfIndex::index(Unit* unit) {
  if (unit->indexed) return;
  unit->indexed = true;
  collect(unit, &unit->die);
  std::sort(unit->functions.begin(), unit->functions.end(),
            [](const FunctionRange& a, const FunctionRange& b) { return a.low < b.low; });
}

void DwarfIndex::collect(Unit* unit, Dwarf_Die* parent) {
  Dwarf_Die child;
  if (dwarf_child(parent, &child) != 0) return;
  do {
    switch (dwarf_tag(&child)) {
      case DW_TAG_subprogram:
        add_function(unit, &child);
        collect(unit, &child);  // function-local statics
        break;
      case DW_TAG_variable:
        add_variable(unit, &child);
        break;
      case DW_TAG_namespace:
      case DW_TAG_lexical_block:
        collect(unit, &child);
        break;
      case DW_TAG_structure_type:
      case DW_TAG_class_type:
        // gcc puts the functions of lambdas and of local classes there. Other classes have only
        // declarations, and there are many.
        if (is_local_to(parent) || dwarf_diename(&child) == nullptr) collect(unit, &child);
        break;
      default:
        break;
    }
  } while (dwarf_siblingof(&child, &child) == 0);
}

void DwarfIndex::add_function(Unit* unit, Dwarf_Die* die) {
  Dwarf_Addr base = 0, low = 0, high = 0;
  std::ptrdiff_t next = 0;
  while ((next = dwarf_ranges(die, next, &base, &low, &high)) > 0) {
    if (low != 0 && low < high) unit->functions.push_back({low, high, *die});
  }
}

void DwarfIndex::add_variable(Unit* unit, Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  if (dwarf_attr(die, DW_AT_location, &attribute) == nullptr) return;
  const unsigned form = dwarf_whatform(&attribute);
  if (form == DW_FORM_loclistx || form == DW_FORM_sec_offset) return;
  Dwarf_Op* expression = nullptr;
  std::size_t length = 0;
  if (dwarf_getlocation(&attribute, &expression, &length) != 0 || length != 1) return;
  Dwarf_Addr address = expression[0].number;
  if (expression[0].atom == DW_OP_addrx || expression[0].atom == DW_OP_GNU_addr_index) {
    Dwarf_Attribute indirect;
    if (dwarf_getlocation_attr(&attribute, &expression[0], &indirect) != 0 ||
        dwarf_formaddr(&indirect, &address) != 0) {
      return;
    }
  } else if (expression[0].atom != DW_OP_addr) {
    return;
  }
  Dwarf_Die type;
  const std::uint64_t size = peeled_type(die, &type) ? type_size(&type) : 0;
  unit->variables.push_back({address, size == 0 ? 1 : size, *die});
}

CodePlace DwarfIndex::code_at(std::uint64_t address) {
  CodePlace place;
  place.module = module_at(address);
  if (place.module == nullptr) return place;
  open(place.module);
  place.address = address - place.module->bias;
  auto& ranges = place.module->ranges;
  auto range = std::upper_bound(ranges.begin(), ranges.end(), place.address,
                                [](Dwarf_Addr a, const UnitRange& r) { return a < r.low; });
  if (range == ranges.begin() || place.address >= (--range)->high) return place;
  place.unit = range->unit;
  index(place.unit);
  auto& functions = place.unit->functions;
  auto function = std::upper_bound(functions.begin(), functions.end(), place.address,
                                   [](Dwarf_Addr a, const FunctionRange& f) { return a < f.low; });
  if (function == functions.begin() || place.address >= (--function)->high) return place;
  place.function = &*function;
  return place;
}

bool DwarfIndex::is_user_unit(Unit* unit) {
  const char* name = dwarf_diename(&unit->die);
  return name != nullptr && is_user_file(name);
}

const StaticVariable* DwarfIndex::variable_at(std::uint64_t address, Module** found) {
  Module* module = module_at(address);
  if (module == nullptr) return nullptr;
  open(module);
  *found = module;
  const Dwarf_Addr relative = address - module->bias;
  // Units with code of the finding's stacks are indexed already and nearly always have the
  // variable too; the program's others are read only when they do not.
  for (const bool indexed : {true, false}) {
    for (Unit& unit : module->units) {
      if (unit.indexed != indexed) continue;
      if (!indexed && !is_user_unit(&unit)) continue;
      if (!indexed) index(&unit);
      for (const StaticVariable& variable : unit.variables) {
        if (relative >= variable.address && relative < variable.address + variable.size) {
          return &variable;
        }
      }
    }
  }
  return nullptr;
}

}  // namespace chicane::report
