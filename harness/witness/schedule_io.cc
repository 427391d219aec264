// SPDX-License-Identifier: Apache-2.0
//
// Schedule files on disk, and what is said when one does not fit the program.
#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "witness/schedule_file.h"
#include "witness/whole_file.h"

namespace chicane::witness {
namespace {

/// The build id in one note segment; empty when it is not there.
std::string build_id_in(const char* note, std::size_t size) {
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, note, sizeof(header));
    const std::size_t name = (header.n_namesz + 3u) & ~std::size_t{3};
    const std::size_t content = (header.n_descsz + 3u) & ~std::size_t{3};
    if (sizeof(header) + name + content > size) break;
    const char* words = note + sizeof(header);
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(words, "GNU", 4) == 0) {
      std::string id;
      for (std::size_t i = 0; i < header.n_descsz; ++i) {
        id += fmt::format("{:02x}", static_cast<unsigned char>(words[name + i]));
      }
      return id;
    }
    note += sizeof(header) + name + content;
    size -= sizeof(header) + name + content;
  }
  return {};
}

}  // namespace

bool load(const std::string& path, ScheduleFile* schedule, std::string* error) {
  std::error_code failure;
  if (std::filesystem::is_directory(path, failure)) {
    *error = path + ": is a directory; name a schedule file (*.chicane)";
    return false;
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    *error = fmt::format("{}: {}; name a schedule file (*.chicane)", path, std::strerror(errno));
    return false;
  }
  std::stringstream text;
  text << file.rdbuf();
  std::string why;
  if (parse(text.str(), schedule, &why)) return true;
  *error = path + ": " + why;
  return false;
}

bool save(const std::string& path, const ScheduleFile& schedule, std::string* error) {
  std::error_code failure;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, failure);
  return write_whole(path, format(schedule), error);
}

std::string other_program(const ScheduleFile& schedule, const std::string& program,
                          const std::string& scenario) {
  if (schedule.program != program) {
    return fmt::format(
        "the schedule is for the program `{}`, this is `{}`; replay it with the "
        "program it was made for",
        schedule.program, program);
  }
  if (schedule.scenario != scenario) {
    return fmt::format("the schedule is for `{}`, not for `{}`; replay it there", schedule.scenario,
                       scenario);
  }
  return {};
}

std::string other_build(const ScheduleFile& schedule, const std::string& build_id) {
  if (schedule.build_id.empty() || build_id.empty() || schedule.build_id == build_id) return {};
  return fmt::format("`{}` was built anew since the schedule was made: it may no longer fit",
                     schedule.program);
}

std::string describe(const Choice& choice) {
  const engine::ChoiceRecord& record = choice.record;
  std::string text =
      fmt::format("{} {} of {}: {}", record.is_outcome != 0 ? "outcome" : "thread", record.chosen,
                  record.alternatives, engine::to_string(record.kind));
  if (!choice.object.empty()) text += " " + choice.object;
  if (!choice.place.empty()) text += " at " + choice.place;
  return text;
}

std::string executable_build_id() {
  std::string id;
  // The first object that is reported is the executable.
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
          const ElfW(Phdr)& segment = info->dlpi_phdr[i];
          if (segment.p_type != PT_NOTE) continue;
          const auto* note = reinterpret_cast<const char*>(info->dlpi_addr + segment.p_vaddr);
          std::string& found = *static_cast<std::string*>(out);
          found = build_id_in(note, segment.p_memsz);
          if (!found.empty()) break;
        }
        return 1;
      },
      &id);
  return id;
}

}  // namespace chicane::witness
