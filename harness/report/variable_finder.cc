// SPDX-License-Identifier: Apache-2.0
#include "report/variable_finder.h"

#include <dwarf.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

namespace chicane::report {
namespace {

/// The System V frame layout: the caller's frame begins above the saved frame pointer and the
/// return address.
constexpr std::uint64_t kCfaAboveFramePointer = 16;

bool is_artificial(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  bool flag = false;
  return dwarf_attr_integrate(die, DW_AT_artificial, &attribute) != nullptr &&
         dwarf_formflag(&attribute, &flag) == 0 && flag;
}

/// The file that declares `die`; null when unknown. (Not dwarf_decl_file: to it, file 0 is none,
/// but in DWARF 5 that is the unit's own source.)
const char* declaration_file(Dwarf_Die* die) {
  Dwarf_Attribute attribute;
  Dwarf_Word number = 0;
  Dwarf_Die unit;
  Dwarf_Files* files = nullptr;
  if (dwarf_attr_integrate(die, DW_AT_decl_file, &attribute) == nullptr ||
      dwarf_formudata(&attribute, &number) != 0 ||
      dwarf_diecu(die, &unit, nullptr, nullptr) == nullptr ||
      dwarf_getsrcfiles(&unit, &files, nullptr) != 0) {
    return nullptr;
  }
  return dwarf_filesrc(files, number, nullptr, nullptr);
}

/// Types of the standard library and of Chicane are units to their users: "mu", not "mu.__lock".
bool is_opaque(Dwarf_Die* type) {
  const char* file = declaration_file(type);
  if (file == nullptr) return false;
  return std::strncmp(file, "/usr/", 5) == 0 || std::strstr(file, "/include/chicane/") != nullptr ||
         std::strstr(file, "/include/c++/") != nullptr;
}

bool is_record(int tag) {
  return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

std::string part_of(Dwarf_Die* type, std::uint64_t offset);

/// Whether `child` is a member or a base whose place in its record is fixed, and where it starts.
bool is_placed(Dwarf_Die* child, std::uint64_t* start) {
  const int tag = dwarf_tag(child);
  if (tag != DW_TAG_member && tag != DW_TAG_inheritance) return false;
  Dwarf_Attribute attribute;
  *start = 0;
  if (dwarf_attr(child, DW_AT_data_member_location, &attribute) != nullptr) {
    Dwarf_Word value = 0;
    if (dwarf_formudata(&attribute, &value) != 0) return false;  // a virtual base
    *start = value;
    return true;
  }
  return dwarf_attr(child, DW_AT_external, &attribute) == nullptr;  // else a static member
}

/// Where the part of `record` ends that starts at `start`. Of a type whose constructors are all
/// elsewhere (std::condition_variable) clang says only that it exists: it ends at the next part.
std::uint64_t end_of_part(Dwarf_Die* record, Dwarf_Die* type, std::uint64_t start) {
  const std::uint64_t size = type_size(type);
  if (size != 0) return start + size;
  std::uint64_t end = type_size(record), other = 0;
  Dwarf_Die child;
  if (dwarf_child(record, &child) != 0) return end;
  do {
    if (is_placed(&child, &other) && other > start) end = std::min(end, other);
  } while (dwarf_siblingof(&child, &child) == 0);
  return end;
}

/// ".member" and what follows, or "" when no named member is at `offset`.
std::string member_of(Dwarf_Die* record, std::uint64_t offset) {
  Dwarf_Die child;
  if (dwarf_child(record, &child) != 0) return {};
  do {
    std::uint64_t start = 0;
    Dwarf_Die type;
    if (!is_placed(&child, &start) || !peeled_type(&child, &type)) continue;
    if (offset < start || offset >= end_of_part(record, &type, start)) continue;
    const int tag = dwarf_tag(&child);
    const char* name = dwarf_diename(&child);
    if (tag == DW_TAG_inheritance || name == nullptr) return part_of(&type, offset - start);
    if (name[0] == '_') return {};
    return std::string(".") + name + part_of(&type, offset - start);
  } while (dwarf_siblingof(&child, &child) == 0);
  return {};
}

std::string part_of(Dwarf_Die* type, std::uint64_t offset) {
  if (is_record(dwarf_tag(type))) return is_opaque(type) ? std::string() : member_of(type, offset);
  if (dwarf_tag(type) != DW_TAG_array_type) return {};
  Dwarf_Die element;
  if (!peeled_type(type, &element)) return {};
  const std::uint64_t size = type_size(&element);
  if (size == 0) return {};
  return "[" + std::to_string(offset / size) + "]" + part_of(&element, offset % size);
}

/// A simple location expression: a fixed distance from the frame.
struct Frame {
  std::uint64_t pointer = 0;  // rbp
  std::uint64_t base = 0;     // what DW_OP_fbreg counts from
  bool base_known = false;
};

bool evaluate(const Dwarf_Op* expression, std::size_t length, const Frame& frame,
              std::uint64_t* address) {
  if (length == 0) return false;
  switch (expression[0].atom) {
    case DW_OP_fbreg:
      if (!frame.base_known) return false;
      *address = frame.base + expression[0].number;
      break;
    case DW_OP_breg6:
      *address = frame.pointer + expression[0].number;
      break;
    case DW_OP_call_frame_cfa:
      *address = frame.pointer + kCfaAboveFramePointer;
      break;
    default:
      return false;
  }
  if (length == 1) return true;
  if (length != 2 || expression[1].atom != DW_OP_plus_uconst) return false;
  *address += expression[1].number;
  return true;
}

Frame frame_of(Dwarf_Die* function, std::uint64_t frame_pointer) {
  Frame frame{frame_pointer, 0, false};
  Dwarf_Attribute attribute;
  Dwarf_Op* expression = nullptr;
  std::size_t length = 0;
  if (dwarf_attr(function, DW_AT_frame_base, &attribute) == nullptr ||
      dwarf_getlocation(&attribute, &expression, &length) != 0 || length == 0) {
    return frame;
  }
  if (length == 1 && expression[0].atom == DW_OP_reg6) {
    frame.base = frame_pointer;
    frame.base_known = true;
  } else {
    frame.base_known = evaluate(expression, length, frame, &frame.base);
  }
  return frame;
}

/// Looks for the variable through all blocks of a function; the best so far is kept.
class FrameSearch {
 public:
  FrameSearch(Frame frame, Dwarf_Addr pc, std::uint64_t address)
      : frame_(frame), pc_(pc), address_(address) {}

  void walk(Dwarf_Die* block, int rank) {
    Dwarf_Die child;
    if (dwarf_child(block, &child) != 0) return;
    do {
      switch (dwarf_tag(&child)) {
        case DW_TAG_variable:
        case DW_TAG_formal_parameter:
          consider(&child, rank);
          break;
        case DW_TAG_lexical_block:
        case DW_TAG_inlined_subroutine:
          walk(&child, rank >= 0 && dwarf_haspc(&child, pc_) == 1 ? rank + 1 : -1);
          break;
        default:
          break;
      }
    } while (dwarf_siblingof(&child, &child) == 0);
  }

  bool found() const { return found_; }
  Dwarf_Die* die() { return &die_; }
  std::uint64_t offset() const { return offset_; }

 private:
  void consider(Dwarf_Die* die, int rank) {
    if (found_ && rank <= rank_) return;
    Dwarf_Die type;
    if (is_artificial(die) || !peeled_type(die, &type)) return;
    const int tag = dwarf_tag(&type);
    if (tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type) return;
    const char* name = dwarf_diename(die);
    if (name == nullptr || std::strncmp(name, "__", 2) == 0) return;
    Dwarf_Attribute location;
    if (dwarf_attr(die, DW_AT_location, &location) == nullptr) return;
    const std::uint64_t size = std::max<std::uint64_t>(type_size(&type), 1);
    Dwarf_Addr base = 0, start = 0, end = 0;
    Dwarf_Op* expression = nullptr;
    std::size_t length = 0;
    std::ptrdiff_t next = 0;
    while ((next = dwarf_getlocations(&location, next, &base, &start, &end, &expression, &length)) >
           0) {
      std::uint64_t address = 0;
      if (!evaluate(expression, length, frame_, &address)) continue;
      if (address_ < address || address_ >= address + size) continue;
      found_ = true;
      rank_ = rank;
      die_ = *die;
      offset_ = address_ - address;
      return;
    }
  }

  Frame frame_;
  Dwarf_Addr pc_;
  std::uint64_t address_;
  bool found_ = false;
  int rank_ = -1;
  Dwarf_Die die_{};
  std::uint64_t offset_ = 0;
};

}  // namespace

std::string absolute_path(const char* path, const char* directory) {
  if (path == nullptr) return {};
  std::filesystem::path result(path);
  if (result.is_relative() && directory != nullptr)
    result = std::filesystem::path(directory) / path;
  return result.lexically_normal().string();
}

const char* compile_directory(Dwarf_Die* unit) {
  Dwarf_Attribute attribute;
  return dwarf_attr(unit, DW_AT_comp_dir, &attribute) == nullptr ? nullptr
                                                                 : dwarf_formstring(&attribute);
}

Variable name_variable(Dwarf_Die* unit, Dwarf_Die* variable, std::uint64_t offset) {
  Variable result;
  const char* name = dwarf_diename(variable);
  if (name == nullptr) return result;
  result.name = name;
  Dwarf_Die type;
  if (peeled_type(variable, &type)) result.name += part_of(&type, offset);
  result.file = absolute_path(declaration_file(variable), compile_directory(unit));
  if (dwarf_decl_line(variable, &result.line) != 0) result.line = 0;
  return result;
}

Variable find_in_frame(const CodePlace& code, std::uint64_t frame_base, std::uint64_t address) {
  if (code.function == nullptr) return {};
  Dwarf_Die function = code.function->die;
  FrameSearch search(frame_of(&function, frame_base), code.address, address);
  search.walk(&function, 0);
  if (!search.found()) return {};
  return name_variable(&code.unit->die, search.die(), search.offset());
}

}  // namespace chicane::report
