// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_statics.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>

#include "runner/explorer_modules.h"

extern "C" {
// The start-up code's and the linker's: where variables begin.
extern char __data_start __attribute__((weak));
extern char __bss_start __attribute__((weak));
// program_end.cc
extern char chicane_program_data_end, chicane_program_bss_end;
}

namespace chicane::runner {
namespace {

constexpr std::size_t kPage = 4096;

// Variables of the runtime, to see whether they lie where they ought to.
char g_initialized = 1, g_zero;

/// The part of a library's writable segments that stays writable.
struct Writable {
  char* begin;
  const char* end;
};

int note_library(dl_phdr_info* info, std::size_t, void* out) {
  if (info->dlpi_name == nullptr || info->dlpi_name[0] == '\0') return 0;  // the executable
  if (!is_instrumented(info->dlpi_name)) return 0;
  const char* relro_end = nullptr;
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type != PT_GNU_RELRO) continue;
    const std::uintptr_t end = info->dlpi_addr + header.p_vaddr + header.p_memsz;
    relro_end = reinterpret_cast<const char*>(end & ~(kPage - 1));
  }
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_W) == 0) continue;
    auto* begin = reinterpret_cast<char*>(info->dlpi_addr + header.p_vaddr);
    const char* end = begin + header.p_memsz;
    if (relro_end > begin && relro_end <= end) begin += relro_end - begin;
    static_cast<std::vector<Writable>*>(out)->push_back({begin, end});
  }
  return 0;
}

}  // namespace

Statics::Statics() {
  const bool in_order = &g_initialized > &chicane_program_data_end &&
                        &g_zero > &chicane_program_bss_end && &__data_start != nullptr &&
                        &__bss_start != nullptr;
  if (in_order) {
    add(&__data_start, &chicane_program_data_end);
    add(&__bss_start, &chicane_program_bss_end);
  }
  std::vector<Writable> libraries;
  dl_iterate_phdr(&note_library, &libraries);
  for (const Writable& library : libraries) add(library.begin, library.end);
}

void Statics::add(char* begin, const char* end) {
  if (end <= begin) return;
  const auto size = static_cast<std::size_t>(end - begin);
  regions_.push_back({begin, size, std::make_unique<char[]>(size)});
  std::memcpy(regions_.back().copy.get(), begin, size);
}

void Statics::restore() const {
  for (const Region& region : regions_) {
    for (std::size_t at = 0; at < region.size; at += kPage) {
      const std::size_t size = std::min(kPage, region.size - at);
      char* here = region.begin + at;
      const char* copy = region.copy.get() + at;
      if (std::memcmp(here, copy, size) != 0) std::memcpy(here, copy, size);
    }
  }
}

std::size_t Statics::size() const {
  std::size_t all = 0;
  for (const Region& region : regions_) all += region.size;
  return all;
}

}  // namespace chicane::runner
