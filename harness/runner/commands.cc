// SPDX-License-Identifier: Apache-2.0
#include "runner/commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "runner/problem.h"

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

bool parse_number(const std::string& flag, const std::string& text, std::uint64_t minimum,
                  std::uint64_t* value, std::string* error) {
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, *value);
  if (problem == std::errc() && stop == end && *value >= minimum) return true;
  *error = fmt::format("{} needs a whole number of at least {}, not '{}'", flag, minimum, text);
  return false;
}

bool check_word(const std::string& what, const std::string& word,
                const std::vector<std::string>& known, std::string* error) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return true;
  const std::vector<std::string> names = nearest(word, known);
  *error = fmt::format(
      "unknown {} '{}'; {}", what, word,
      names.empty() ? "known are " + join(known) : "did you mean " + join(names, " or ") + "?");
  return false;
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
