// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_standstill.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

namespace chicane::runner {
namespace {

/// The kernel's letter for a thread's state; 0 when the thread is gone.
char state_of(const std::filesystem::path& thread) {
  std::ifstream file(thread / "stat");
  std::string text;
  std::getline(file, text);
  const std::size_t name_end = text.rfind(") ");  // the name may have anything in it
  return name_end == std::string::npos || name_end + 2 >= text.size() ? '\0' : text[name_end + 2];
}

}  // namespace

bool only_waits(pid_t process) {
  std::error_code error;
  const std::string folder = "/proc/" + std::to_string(process) + "/task";
  std::filesystem::directory_iterator thread(folder, error);
  for (; !error && thread != std::filesystem::directory_iterator(); thread.increment(error)) {
    const char state = state_of(thread->path());
    // R: it runs, or would if it had a processor. T, t: somebody stopped it.
    if (state == 'R' || state == 'T' || state == 't') return false;
  }
  return true;
}

}  // namespace chicane::runner
