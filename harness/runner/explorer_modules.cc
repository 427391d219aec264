// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_modules.h"

#include <link.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "report/elf_file.h"

namespace chicane::runner {
namespace {

using report::ElfFile;

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

/// Libraries whose inside is no program's concern, and those that the runtime brings.
bool is_known(const std::string& name) {
  for (const char* prefix :
       {"libc.so.", "libm.so.", "libstdc++.so.", "libgcc_s.so.", "libpthread.so.", "libdl.so.",
        "librt.so.", "libresolv.so.", "ld-linux", "linux-vdso", "libdw.so.", "libfmt.so."}) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

bool is_instrumented(const ElfFile& file) {
  return std::any_of(file.wanted.begin(), file.wanted.end(),
                     [](const std::string& name) { return name.starts_with("__tsan_"); });
}

using Files = std::map<std::string, ElfFile>;  // by base name

/// Adds the libraries that `names` need, themselves and by way of others, through those that
/// `pass`.
void reach(const Files& files, const std::vector<std::string>& names,
           const std::function<bool(const std::string&)>& pass, std::set<std::string>* reached) {
  for (const std::string& name : names) {
    const auto file = files.find(name);
    if (file == files.end() || !pass(name) || !reached->insert(name).second) continue;
    reach(files, file->second.needed, pass, reached);
  }
}

int collect(dl_phdr_info* info, std::size_t, void* out) {
  static_cast<std::vector<std::string>*>(out)->emplace_back(info->dlpi_name);
  return 0;
}

}  // namespace

bool is_instrumented(const std::string& path) {
  ElfFile file;
  std::string ignored;
  return !is_known(base_name(path)) && report::read_elf(path, &file, &ignored) &&
         is_instrumented(file);
}

std::vector<std::string> modules_without_instrumentation() {
  std::vector<std::string> paths;
  dl_iterate_phdr(&collect, &paths);
  Files files;
  std::vector<std::string> names;
  for (std::size_t i = 1; i < paths.size(); ++i) {  // the first is the program
    ElfFile file;
    std::string ignored;
    if (paths[i].empty() || !report::read_elf(paths[i], &file, &ignored)) continue;
    names.push_back(base_name(paths[i]));
    files.emplace(names.back(), std::move(file));
  }
  ElfFile program;
  std::string ignored;
  report::read_elf("/proc/self/exe", &program, &ignored);
  const auto is_others = [](const std::string& name) { return !is_known(name); };
  std::set<std::string> users, runtimes;
  reach(files, program.needed, is_others, &users);
  for (const auto& [name, file] : files) {
    if (is_known(name))
      reach(files, file.needed, [](const std::string&) { return true; }, &runtimes);
  }
  std::vector<std::string> found;
  for (const std::string& name : names) {
    const bool runtimes_own = runtimes.contains(name) && !users.contains(name);
    if (!is_known(name) && !runtimes_own && !is_instrumented(files.at(name))) found.push_back(name);
  }
  return found;
}

}  // namespace chicane::runner
