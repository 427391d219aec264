// SPDX-License-Identifier: Apache-2.0
#include "witness/whole_file.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <vector>

namespace chicane::witness {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPart = ".part.";  // and the process that writes it

std::string part_of(const std::string& path) { return path + kPart + std::to_string(getpid()); }

bool is_abandoned(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t at = name.rfind(kPart);
  if (at == std::string::npos) return false;
  const std::string whole = name.substr(0, at);
  if (!whole.ends_with(".chicane") && !whole.ends_with(".json")) return false;
  const char* number = name.c_str() + at + std::strlen(kPart);
  pid_t writer = 0;
  const auto [end, parsed] = std::from_chars(number, name.c_str() + name.size(), writer);
  if (parsed != std::errc() || *end != '\0' || writer <= 0) return false;
  if (kill(writer, 0) == 0 || errno != ESRCH) return false;
  std::error_code unknown;
  const auto written = fs::last_write_time(path, unknown);
  return !unknown && fs::file_time_type::clock::now() - written > std::chrono::minutes(1);
}

}  // namespace

bool write_whole(const std::string& path, const std::string& text, std::string* error) {
  std::error_code none;
  const std::filesystem::file_status there = std::filesystem::symlink_status(path, none);
  const bool by_rename = !std::filesystem::exists(there) || is_regular_file(there);
  const std::string written = by_rename ? part_of(path) : path;
  std::FILE* file = std::fopen(written.c_str(), "wb");
  bool good = file != nullptr;
  if (good) {
    good = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    good = std::fclose(file) == 0 && good;
  }
  if (by_rename) good = good && std::rename(written.c_str(), path.c_str()) == 0;
  if (good) return true;
  *error = path + ": cannot be written: " + std::strerror(errno);
  if (by_rename) std::remove(written.c_str());
  return false;
}

void remove_abandoned(const std::string& folder) {
  std::error_code ignored;
  std::vector<fs::path> abandoned;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    const bool is_file = fs::is_regular_file(entry.symlink_status(ignored));
    if (is_file && is_abandoned(entry.path())) abandoned.push_back(entry.path());
  }
  for (const fs::path& path : abandoned) fs::remove(path, ignored);
}

bool can_write(const std::string& path, std::string* error) {
  std::error_code none;
  const fs::file_status there = fs::symlink_status(path, none);
  if (is_directory(there)) {
    *error = path + ": cannot be written: it is a folder";
    return false;
  }
  const bool by_rename = !exists(there) || is_regular_file(there);
  // What a link points to may be still to be made.
  const bool dangles = is_symlink(there) && !fs::exists(path, none);
  if (dangles) {
    const fs::path target = fs::read_symlink(path, none);
    return can_write((fs::path(path).parent_path() / target).string(), error);
  }
  const fs::path folder = fs::path(path).parent_path();
  const std::string needed = !by_rename ? path : folder.empty() ? "." : folder.string();
  if (access(needed.c_str(), W_OK) == 0) return true;
  *error = path + ": cannot be written: " + needed + ": " + std::strerror(errno);
  return false;
}

}  // namespace chicane::witness
