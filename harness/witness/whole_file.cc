// SPDX-License-Identifier: Apache-2.0
#include "witness/whole_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace chicane::witness {

bool write_whole(const std::string& path, const std::string& text, std::string* error) {
  std::error_code none;
  const std::filesystem::file_status there = std::filesystem::symlink_status(path, none);
  const bool by_rename = !std::filesystem::exists(there) || is_regular_file(there);
  const std::string written = by_rename ? path + ".part." + std::to_string(getpid()) : path;
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

bool can_write(const std::string& path, std::string* error) {
  namespace fs = std::filesystem;
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
