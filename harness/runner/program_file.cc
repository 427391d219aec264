// SPDX-License-Identifier: Apache-2.0
#include "runner/program_file.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "report/elf_file.h"

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

constexpr const char* kBuild =
    "build it with chicane-c++ or chicane-cc (CXX=chicane-c++ cmake ..., make CC=chicane-cc)";

#if defined(__x86_64__)
constexpr unsigned kMachine = EM_X86_64;
#else
constexpr unsigned kMachine = EM_AARCH64;
#endif

/// A sanitizer's runtime, by a symbol that each program has which is linked with it.
struct Runtime {
  const char* symbol;
  const char* library;
  const char* name;
};
constexpr Runtime kSanitizers[] = {
    {"__asan_init", "libasan.so", "AddressSanitizer (-fsanitize=address)"},
    {"__hwasan_init", "libhwasan.so", "HWAddressSanitizer (-fsanitize=hwaddress)"},
    {"__msan_init", "libmsan.so", "MemorySanitizer (-fsanitize=memory)"},
    {"__lsan_init", "liblsan.so", "LeakSanitizer (-fsanitize=leak)"},
};
constexpr Runtime kTsan = {"__tsan_init", "libtsan.so", "ThreadSanitizer (-fsanitize=thread)"};

bool has(const report::ElfFile& file, const Runtime& runtime) {
  const auto is_library = [&](const std::string& name) {
    return name.starts_with(runtime.library);
  };
  return file.defined.contains(runtime.symbol) ||
         std::any_of(file.needed.begin(), file.needed.end(), is_library);
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line.substr(0, 80);
}

Problem inspect_elf(const std::string& name, const report::ElfFile& file) {
  Problem problem;
  problem.file = name;
  if (file.bits != 64) {
    problem.what = name + " is a 32-bit program; Chicane explores 64-bit ones";
    problem.instead = "build it without -m32, with chicane-c++ or chicane-cc";
  } else if (file.machine != kMachine) {
    problem.what = name + " is a program for another kind of machine";
    problem.instead = "build it for this one, with chicane-c++ or chicane-cc";
  } else if (!file.executable) {
    problem.what = name + " is an object file, not a program";
    problem.instead = "give the program that it is linked into, by chicane-c++ or chicane-cc";
  } else if (!file.has_loader) {
    problem.what = name + " is statically linked; calls between its threads cannot be seen there";
    problem.instead = "link it without -static, with chicane-c++ or chicane-cc";
  }
  if (!problem.what.empty()) return problem;
  for (const Runtime& runtime : kSanitizers) {
    if (!has(file, runtime)) continue;
    problem.what =
        fmt::format("{} is linked with {}, which cannot be combined", name, runtime.name);
    problem.instead = "leave that option out, and " + std::string(kBuild);
    return problem;
  }
  if (file.defined.contains("chicane_runtime_marker")) return problem;
  if (has(file, kTsan)) {
    problem.what =
        fmt::format("{} is linked with {} instead of Chicane's runtime", name, kTsan.name);
    problem.instead = "leave -fsanitize=thread out of the link, and " + std::string(kBuild);
    return problem;
  }
  problem.what = name + " is not instrumented: it was not built with chicane-c++ or chicane-cc";
  problem.instead = kBuild;
  return problem;
}

}  // namespace

std::string find_program(const std::string& name) {
  if (name.empty()) return {};
  std::error_code error;
  if (name.find('/') != std::string::npos) return fs::exists(name, error) ? name : std::string();
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "/usr/bin:/bin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string candidate = (folder.empty() ? "." : folder) + "/" + name;
    if (fs::is_regular_file(candidate, error) && access(candidate.c_str(), X_OK) == 0) {
      return candidate;
    }
  }
  return {};
}

Problem inspect_program(const std::string& name, const std::string& path) {
  Problem problem;
  problem.file = name;
  struct stat status{};
  if (path.empty() || stat(path.c_str(), &status) != 0) {
    problem.what = fmt::format("there is no program '{}'", name);
    std::error_code error;
    problem.instead = fs::exists("./" + name, error)
                          ? fmt::format("write ./{}; without a slash it is searched in PATH", name)
                          : "give the path of a program: chicane explore -- ./prog arguments";
    return problem;
  }
  if (!S_ISREG(status.st_mode)) {
    problem.what = name + (S_ISDIR(status.st_mode) ? " is a folder" : " is no regular file");
    problem.instead = "give the path of a program";
    return problem;
  }
  const std::string line = first_line(path);
  if (line.starts_with("#!")) {
    problem.what = fmt::format("{} is a script ({})", name, line);
    problem.instead = "give the program that it starts, with that one's arguments";
    return problem;
  }
  report::ElfFile file;
  std::string error;
  if (!report::read_elf(path, &file, &error)) {
    problem.what = fmt::format("{} {}", name, error == "cannot be read" ? error : "is no program");
    problem.instead = "give an executable that chicane-c++ or chicane-cc made";
    return problem;
  }
  if (file.executable && access(path.c_str(), X_OK) != 0) {
    problem.what = name + " is not executable";
    problem.instead = "chmod +x " + name;
    return problem;
  }
  if ((status.st_mode & (S_ISUID | S_ISGID)) != 0) {
    problem.what =
        name + " is set-user-ID or set-group-ID, which the system starts on its own terms";
    problem.instead = "explore a copy without these bits: chmod u-s,g-s";
    return problem;
  }
  return inspect_elf(name, file);
}

}  // namespace chicane::runner
