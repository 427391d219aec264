// SPDX-License-Identifier: Apache-2.0
//
// chicane doctor: what works on this machine, what does not, what to do.
#include <fmt/format.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "runner/commands.h"
#include "runner/problem.h"

#ifndef CHICANE_CXX_COMPILER
#define CHICANE_CXX_COMPILER "clang++-19"
#endif

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

enum class Health { kWorks, kMissing, kOptional };

struct Finding {
  std::string name;
  Health health;
  std::string what;
  std::string remedy;  // what to do; empty when there is nothing to do
};

const char* to_string(Health health) {
  switch (health) {
    case Health::kWorks:
      return "works";
    case Health::kMissing:
      return "broken";
    case Health::kOptional:
      return "absent";
  }
  return "?";
}

/// The first line that `command` prints, or "" when it fails. Only fixed commands come here.
std::string first_line(const std::string& command) {
  std::FILE* pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return {};
  std::array<char, 512> buffer{};
  std::string line;
  if (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) line = buffer.data();
  while (std::fgets(buffer.data(), buffer.size(), pipe) != nullptr) {  // else the writer dies
  }
  return pclose(pipe) == 0 ? std::string(trim(line)) : "";
}

std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string file_value(const std::string& path) {
  std::string text;
  return read_file(path, &text) ? std::string(trim(text)) : "";
}

Finding check_compiler() {
  const std::string version = first_line(quoted(CHICANE_CXX_COMPILER) + " --version");
  if (version.empty()) {
    return {"compiler", Health::kMissing, CHICANE_CXX_COMPILER " cannot be run",
            "scripts/setup installs clang-19; then: make clean all"};
  }
  if (version.find("clang") == std::string::npos) {
    return {"compiler", Health::kOptional, version + ": without clang no leg thread-safety",
            "scripts/setup, then: make clean all CXX=clang++-19"};
  }
  return {"compiler", Health::kWorks, version, ""};
}

Finding check_tsan() {
  const std::string worker = own_folder() + "/scenarios_tsan";
  if (access(worker.c_str(), X_OK) == 0) {
    return {"ThreadSanitizer", Health::kWorks, "the leg tsan is linked (scenarios_tsan)", ""};
  }
  const std::string archive =
      first_line(quoted(CHICANE_CXX_COMPILER) + " -print-file-name=libclang_rt.tsan-x86_64.a");
  if (fs::exists(archive) && archive.find('/') != std::string::npos) {
    return {"ThreadSanitizer", Health::kMissing,
            "the runtime is installed, but scenarios_tsan is not built", "make"};
  }
  return {"ThreadSanitizer", Health::kMissing,
          "no ThreadSanitizer runtime: the leg tsan is unavailable",
          "scripts/setup (Debian: apt-get install libclang-rt-19-dev), then: make clean all"};
}

/// clang before 18 maps its shadow where 32 random bits may put the program's own memory.
Finding check_aslr_bits() {
  const std::string bits = file_value("/proc/sys/vm/mmap_rnd_bits");
  if (bits.empty()) {
    return {"ASLR bits", Health::kOptional, "vm.mmap_rnd_bits cannot be read here", ""};
  }
  const std::string what = "vm.mmap_rnd_bits = " + bits;
  if (std::atoi(bits.c_str()) <= 28) return {"ASLR bits", Health::kWorks, what, ""};
  return {"ASLR bits", Health::kWorks,
          what + ": fine while workers may switch ASLR off; free-running TSan of clang < 18 dies",
          "only for old compilers: sysctl vm.mmap_rnd_bits=28"};
}

/// Tried in a child, so that this process stays as it is.
Finding check_personality() {
  const pid_t child = fork();
  if (child == 0) {
    const int before = personality(0xffffffff);
    const bool good =
        before != -1 && personality(static_cast<unsigned>(before) | ADDR_NO_RANDOMIZE) != -1;
    _exit(good ? 0 : 1);
  }
  int status = 1;
  if (child > 0) waitpid(child, &status, 0);
  if (child > 0 && status == 0) {
    return {"ASLR off", Health::kWorks, "personality(ADDR_NO_RANDOMIZE) is allowed", ""};
  }
  return {"ASLR off", Health::kMissing,
          "personality(ADDR_NO_RANDOMIZE) is forbidden: addresses differ from run to run, programs "
          "that order by address may not replay",
          "in a container: docker run --security-opt seccomp=unconfined"};
}

Finding check_fsgsbase() {
#if defined(__x86_64__)
  constexpr unsigned long kFsGsBase = 2;  // HWCAP2_FSGSBASE
  if ((getauxval(AT_HWCAP2) & kFsGsBase) != 0) {
    return {"FSGSBASE", Health::kWorks, "a switch of threads needs no system call", ""};
  }
  return {"FSGSBASE", Health::kOptional,
          "not enabled: switches go through arch_prctl, about ten times slower",
          "Linux 5.9 or later on a processor that has it, booted without nofsgsbase"};
#else
  return {"FSGSBASE", Health::kOptional, "only x86-64 has it", ""};
#endif
}

Finding check_tool(const std::string& name, const std::string& use, const std::string& package) {
  const std::string version = first_line(name + " --version");
  if (!version.empty()) return {name, Health::kWorks, version, ""};
  return {name, Health::kOptional, "not installed: " + use, "apt-get install " + package};
}

Finding check_perf() {
  const std::string level = file_value("/proc/sys/kernel/perf_event_paranoid");
  if (level.empty()) {
    return {"perf events", Health::kOptional, "this kernel has none: rr cannot record", ""};
  }
  const std::string what = "kernel.perf_event_paranoid = " + level;
  if (std::atoi(level.c_str()) <= 1 || geteuid() == 0) {
    return {"perf events", Health::kWorks, what, ""};
  }
  return {"perf events", Health::kOptional, what + ": rr cannot record",
          "sysctl kernel.perf_event_paranoid=1"};
}

Finding check_workers() {
  const std::string worker = own_folder() + "/scenarios_sched";
  if (access(worker.c_str(), X_OK) == 0) return {"workers", Health::kWorks, worker, ""};
  return {"workers", Health::kMissing, worker + " is not there", "make"};
}

int doctor(bool json) {
  const std::vector<Finding> findings = {
      check_compiler(),
      check_workers(),
      check_tsan(),
      check_aslr_bits(),
      check_personality(),
      check_fsgsbase(),
      check_tool("gdb", "no debugger on a replayed witness", "gdb"),
      check_tool("rr", "the leg rr is unavailable", "rr"),
      check_tool("valgrind", "the leg helgrind is unavailable", "valgrind"),
      check_perf()};
  nlohmann::json list = nlohmann::json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"name", finding.name},
                    {"state", to_string(finding.health)},
                    {"what", finding.what},
                    {"remedy", finding.remedy}});
    if (json) continue;
    fmt::print("{:<7} {:<16} {}\n", to_string(finding.health), finding.name, finding.what);
    if (!finding.remedy.empty()) fmt::print("{:<24} to do: {}\n", "", finding.remedy);
  }
  if (json) fmt::print("{}\n", nlohmann::json{{"checks", list}}.dump(2));
  const bool broken = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.health == Health::kMissing;
  });
  return broken ? kExitFinding : kExitExpected;
}

}  // namespace

void add_doctor(CLI::App& app, int* exit_code) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("doctor", "Says what works on this machine, what does not, what to do");
  command->add_flag("--json", *json, "As one JSON object");
  command->callback([json, exit_code] { *exit_code = doctor(*json); });
}

}  // namespace chicane::runner
