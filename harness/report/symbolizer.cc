// SPDX-License-Identifier: Apache-2.0
#include "report/symbolizer.h"

#include <dwarf.h>

#include <cstring>
#include <unordered_map>

#include "report/dwarf_index.h"
#include "report/readable_name.h"
#include "report/variable_finder.h"

namespace chicane::report {
namespace {

/// The readable name of a function or of an inlined call of one.
std::string function_name(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  for (const unsigned name : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name}) {
    if (dwarf_attr_integrate(die, name, &attribute) == nullptr) continue;
    const char* text = dwarf_formstring(&attribute);
    if (text != nullptr) return readable_name(demangle(text));
  }
  const char* plain = dwarf_diename(die);
  if (plain != nullptr && std::strcmp(plain, "operator()") == 0) return "lambda";  // gcc's lambdas
  return plain == nullptr ? std::string() : readable_name(plain);
}

/// File and line of a code address. Line 0 marks code that no line made; the line before it counts.
void fill_line(const CodePlace& code, Frame* frame) {
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrclines(&code.unit->die, &lines, &count) != 0) return;
  std::size_t low = 0, high = count;  // the first line beyond the address is in [low, high]
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    Dwarf_Addr address = 0;
    dwarf_lineaddr(dwarf_onesrcline(lines, middle), &address);
    if (address <= code.address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const Dwarf_Addr first = code.function != nullptr ? code.function->low : code.address;
  while (low-- > 0) {
    Dwarf_Line* line = dwarf_onesrcline(lines, low);
    Dwarf_Addr address = 0;
    int number = 0;
    bool end = false;
    dwarf_lineaddr(line, &address);
    dwarf_lineno(line, &number);
    dwarf_lineendsequence(line, &end);
    if (end) return;
    if (number != 0) {
      frame->line = number;
      frame->file =
          absolute_path(dwarf_linesrc(line, nullptr, nullptr), compile_directory(&code.unit->die));
      return;
    }
    if (address < first) return;
  }
}

/// Where an inlined call was written.
void fill_call_site(Unit* unit, Dwarf_Die* inlined, Frame* frame) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr(inlined, DW_AT_call_line, &attribute) != nullptr &&
      dwarf_formudata(&attribute, &value) == 0) {
    frame->line = static_cast<int>(value);
  }
  Dwarf_Files* files = nullptr;
  if (dwarf_attr(inlined, DW_AT_call_file, &attribute) != nullptr &&
      dwarf_formudata(&attribute, &value) == 0 &&
      dwarf_getsrcfiles(&unit->die, &files, nullptr) == 0) {
    frame->file =
        absolute_path(dwarf_filesrc(files, value, nullptr, nullptr), compile_directory(&unit->die));
  }
}

/// The inlined calls that contain an address, outermost first.
void collect_inlined(Dwarf_Die* block, Dwarf_Addr pc, std::vector<Dwarf_Die>* calls) {
  Dwarf_Die child;
  if (dwarf_child(block, &child) != 0) return;
  do {
    const int tag = dwarf_tag(&child);
    if (tag != DW_TAG_lexical_block && tag != DW_TAG_inlined_subroutine) continue;
    if (dwarf_haspc(&child, pc) != 1) continue;
    if (tag == DW_TAG_inlined_subroutine) calls->push_back(child);
    collect_inlined(&child, pc, calls);
    return;
  } while (dwarf_siblingof(&child, &child) == 0);
}

/// The frames of an address with debug information, innermost first.
std::vector<Frame> expand(const CodePlace& code, std::uint64_t pc) {
  Dwarf_Die function = code.function->die;
  std::vector<Dwarf_Die> calls;
  collect_inlined(&function, code.address, &calls);
  Frame frame;
  frame.pc = pc;
  fill_line(code, &frame);
  std::vector<Frame> frames;
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
    frame.function = function_name(&*call);
    frames.push_back(frame);
    frame.file.clear();
    frame.line = 0;
    fill_call_site(code.unit, &*call, &frame);
  }
  frame.function = function_name(&function);
  frames.push_back(frame);
  return frames;
}

/// The name of the symbol at an address; only one that covers it when `exact`.
std::string symbol_at(Dwfl_Module* module, std::uint64_t address, bool exact) {
  GElf_Off offset = 0;
  GElf_Sym symbol;
  const char* name =
      dwfl_module_addrinfo(module, address, &offset, &symbol, nullptr, nullptr, nullptr);
  if (name == nullptr || (exact && offset >= symbol.st_size)) return {};
  return demangle(name);
}

/// The function whose frame a place is in, and how far it has come as far as that is known.
CodePlace code_of_frame(DwarfIndex* index, const engine::Place& place) {
  // frame_pc may be the function's first byte or a return address behind its last instruction.
  CodePlace code = index->code_at(place.frame_pc - 1);
  if (code.function == nullptr || code.address + 1 == code.function->low) {
    code = index->code_at(place.frame_pc);
  }
  if (place.frame_entry == 0) return code;
  const CodePlace entry = index->code_at(place.frame_entry - 1);
  const bool same = code.function != nullptr && entry.function != nullptr &&
                    code.function->die.addr == entry.function->die.addr;
  return same ? code : entry;
}

}  // namespace

struct Symbolizer::Parts {
  DwarfIndex index;
  std::unordered_map<std::uint64_t, std::vector<Frame>> frames;
};

Symbolizer::Symbolizer() = default;
Symbolizer::~Symbolizer() = default;

const std::vector<Frame>& Symbolizer::frames(std::uint64_t pc) {
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  const auto [entry, is_new] = parts_->frames.try_emplace(pc);
  if (!is_new) return entry->second;
  const CodePlace code = parts_->index.code_at(pc == 0 ? 0 : pc - 1);
  if (code.function != nullptr) {
    entry->second = expand(code, pc);
  } else {
    Frame frame;
    frame.pc = pc;
    if (code.unit != nullptr) fill_line(code, &frame);
    if (code.module != nullptr) {
      frame.function = readable_name(symbol_at(code.module->handle, pc - 1, false));
    }
    entry->second.push_back(frame);
  }
  return entry->second;
}

std::vector<Frame> Symbolizer::frames(const engine::Stack& stack) {
  std::vector<Frame> result;
  for (std::uint32_t i = 0; i < stack.depth && i < engine::kMaxFrames; ++i) {
    const std::vector<Frame>& expanded = frames(stack.pcs[i]);
    result.insert(result.end(), expanded.begin(), expanded.end());
  }
  return result;
}

Variable Symbolizer::describe(const engine::Place& place) {
  if (place.address == 0 || place.region == engine::Region::kHeap) return {};
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  DwarfIndex& index = parts_->index;
  if (place.region == engine::Region::kStack) {
    return find_in_frame(code_of_frame(&index, place), place.frame_base, place.address);
  }
  Module* module = nullptr;
  const StaticVariable* variable = index.variable_at(place.address, &module);
  if (variable != nullptr) {
    Dwarf_Die die = variable->die, unit;
    dwarf_diecu(&die, &unit, nullptr, nullptr);
    return name_variable(&unit, &die, place.address - module->bias - variable->address);
  }
  if (module == nullptr) return {};
  return {symbol_at(module->handle, place.address, true), {}, 0};
}

ModuleOffset Symbolizer::module_offset(std::uint64_t pc) {
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  const Module* module = parts_->index.module_at(pc);
  if (module == nullptr) return {};
  return {module->name, pc - module->start};
}

std::uint64_t Symbolizer::address_of(const ModuleOffset& place) {
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  const Module* module = parts_->index.module_named(place.module);
  return module == nullptr ? 0 : module->start + place.offset;
}

SymbolOffset Symbolizer::symbol_offset(std::uint64_t pc) {
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  const Module* module = parts_->index.module_at(pc);
  if (module == nullptr || pc == 0) return {};
  GElf_Off offset = 0;
  GElf_Sym symbol;
  // A return address may be the first byte after its function.
  const char* name =
      dwfl_module_addrinfo(module->handle, pc - 1, &offset, &symbol, nullptr, nullptr, nullptr);
  return name == nullptr ? SymbolOffset{} : SymbolOffset{name, offset + 1};
}

std::vector<Symbolizer::CodeRange> Symbolizer::functions_named(const std::string& module_name,
                                                               const std::string& symbol) {
  if (parts_ == nullptr) parts_ = std::make_unique<Parts>();
  const Module* module = parts_->index.module_named(module_name);
  if (module == nullptr) return {};
  std::vector<CodeRange> ranges;
  const int count = dwfl_module_getsymtab(module->handle);
  for (int i = 0; i < count; ++i) {
    GElf_Sym entry;
    GElf_Addr address = 0;
    const char* name =
        dwfl_module_getsym_info(module->handle, i, &entry, &address, nullptr, nullptr, nullptr);
    if (name == nullptr || GELF_ST_TYPE(entry.st_info) != STT_FUNC || symbol != name) continue;
    ranges.push_back({address, address + entry.st_size});
  }
  return ranges;
}

}  // namespace chicane::report
