// SPDX-License-Identifier: Apache-2.0
#include "report/elf_file.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

namespace chicane::report {
namespace {

/// A file in memory; reading beyond its end gives nothing (I1).
class Bytes {
 public:
  explicit Bytes(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return;
    struct stat status{};
    if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0) {
      size_ = static_cast<std::size_t>(status.st_size);
      void* memory = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
      if (memory == MAP_FAILED) {
        size_ = 0;
      } else {
        data_ = static_cast<const char*>(memory);
      }
    }
    close(descriptor);
  }
  ~Bytes() {
    if (data_ != nullptr) munmap(const_cast<char*>(data_), size_);
  }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  std::size_t size() const { return size_; }
  template <class T>
  bool read(std::uint64_t offset, T* value) const {
    if (offset > size_ || size_ - offset < sizeof *value) return false;
    std::memcpy(value, data_ + offset, sizeof *value);
    return true;
  }
  std::string text(std::uint64_t offset) const {
    if (offset >= size_) return {};
    return {data_ + offset, strnlen(data_ + offset, size_ - offset)};
  }

 private:
  const char* data_ = nullptr;
  std::size_t size_ = 0;
};

void read_symbols(const Bytes& bytes, const Elf64_Shdr& section, const Elf64_Shdr& names,
                  ElfFile* file) {
  for (std::uint64_t at = 0; at + sizeof(Elf64_Sym) <= section.sh_size; at += sizeof(Elf64_Sym)) {
    Elf64_Sym symbol{};
    if (!bytes.read(section.sh_offset + at, &symbol)) return;
    const std::string name = bytes.text(names.sh_offset + symbol.st_name);
    if (name.empty() || symbol.st_name >= names.sh_size) continue;
    (symbol.st_shndx == SHN_UNDEF ? file->wanted : file->defined).insert(name);
  }
}

void read_needed(const Bytes& bytes, const Elf64_Shdr& section, const Elf64_Shdr& names,
                 ElfFile* file) {
  for (std::uint64_t at = 0; at + sizeof(Elf64_Dyn) <= section.sh_size; at += sizeof(Elf64_Dyn)) {
    Elf64_Dyn entry{};
    if (!bytes.read(section.sh_offset + at, &entry) || entry.d_tag == DT_NULL) return;
    if (entry.d_tag == DT_NEEDED) {
      file->needed.push_back(bytes.text(names.sh_offset + entry.d_un.d_val));
    }
  }
}

void read_sections(const Bytes& bytes, const Elf64_Ehdr& header, ElfFile* file) {
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section{}, names{};
    if (!bytes.read(header.e_shoff + std::uint64_t{i} * sizeof section, &section)) return;
    const bool symbols = section.sh_type == SHT_DYNSYM || section.sh_type == SHT_SYMTAB;
    if (!symbols && section.sh_type != SHT_DYNAMIC) continue;
    if (!bytes.read(header.e_shoff + std::uint64_t{section.sh_link} * sizeof names, &names)) return;
    if (symbols) {
      read_symbols(bytes, section, names, file);
    } else {
      read_needed(bytes, section, names, file);
    }
  }
}

}  // namespace

bool read_elf(const std::string& path, ElfFile* file, std::string* error) {
  const Bytes bytes(path);
  unsigned char ident[EI_NIDENT] = {};
  if (bytes.size() == 0) {
    *error = "cannot be read";
    return false;
  }
  const unsigned char byte_order =
      __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
  if (!bytes.read(0, &ident) || std::memcmp(ident, ELFMAG, SELFMAG) != 0 ||
      ident[EI_DATA] != byte_order) {
    *error = "is no ELF file of this machine";
    return false;
  }
  Elf64_Half type = 0, machine = 0;  // in the same place in both classes
  bytes.read(offsetof(Elf64_Ehdr, e_type), &type);
  bytes.read(offsetof(Elf64_Ehdr, e_machine), &machine);
  file->machine = machine;
  file->executable = type == ET_EXEC || type == ET_DYN;
  file->bits = ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
  if (file->bits == 32) return true;
  Elf64_Ehdr header{};
  if (!bytes.read(0, &header)) {
    *error = "is cut short";
    return false;
  }
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment{};
    if (!bytes.read(header.e_phoff + std::uint64_t{i} * sizeof segment, &segment)) break;
    file->has_loader |= segment.p_type == PT_INTERP;
  }
  read_sections(bytes, header, file);
  return true;
}

}  // namespace chicane::report
