// SPDX-License-Identifier: Apache-2.0
#include "runner/commands.h"

#include <fmt/format.h>

#include <filesystem>

#ifndef CHICANE_SOURCE_DIR
#define CHICANE_SOURCE_DIR "."
#endif

namespace chicane::runner {

namespace fs = std::filesystem;

int usage_error(const std::string& what, const std::string& instead) {
  fmt::print(stderr, "chicane: error: {}\n", what);
  if (!instead.empty()) fmt::print(stderr, "  instead: {}\n", instead);
  return kExitUsage;
}

std::string own_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? "." : self.parent_path().string();
}

std::string default_scenarios() {
  const std::string built_from = std::string(CHICANE_SOURCE_DIR) + "/scenarios";
  std::error_code error;
  return fs::is_directory(built_from, error) ? built_from : "scenarios";
}

std::string default_race_dir() { return (fs::path(own_folder()).parent_path() / "race").string(); }

}  // namespace chicane::runner
