// SPDX-License-Identifier: Apache-2.0
#include "report/source_map.h"

#include <array>
#include <string_view>

namespace chicane::report {
namespace {

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

bool is_user_file(const std::string& file) {
  if (file.empty()) return false;
  constexpr std::array<std::string_view, 4> kSystem = {"/usr/include/", "/usr/lib/", "/usr/src/",
                                                       "/build/glibc"};
  for (const std::string_view prefix : kSystem) {
    if (file.compare(0, prefix.size(), prefix) == 0) return false;
  }
  if (contains(file, "/include/c++/") || contains(file, "/include/chicane/")) return false;
  constexpr std::array<std::string_view, 8> kRuntime = {
      "/harness/engine/", "/harness/strategies/", "/harness/monitors/", "/harness/interpose/",
      "/harness/golang/", "/harness/runner/",     "/sanitizers/tsan/",  "/compiler-rt/"};
  for (const std::string_view room : kRuntime) {
    // The tests of a room are the user of it.
    if (contains(file, room) && !contains(file, "_test.cc")) return false;
  }
  return true;
}

UserFile files_below(std::string folder) {
  if (!folder.empty() && folder.back() != '/') folder += '/';
  return [folder](const std::string& file) { return file.compare(0, folder.size(), folder) == 0; };
}

const Frame* user_frame(const std::vector<Frame>& stack, const UserFile& is_user) {
  for (const Frame& frame : stack) {
    if (frame.line > 0 && is_user(frame.file)) return &frame;
  }
  for (const Frame& frame : stack) {
    if (frame.line > 0) return &frame;
  }
  return stack.empty() ? nullptr : &stack.front();
}

const Frame* user_frame(const Site& site, const UserFile& is_user) {
  return user_frame(site.stack, is_user);
}

std::string base_name(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace chicane::report
