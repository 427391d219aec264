// SPDX-License-Identifier: Apache-2.0
#include "runner/program_run.h"

#include <fmt/format.h>
#include <sys/personality.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>

#include "report/result_json.h"
#include "runner/problem.h"
#include "runner/process.h"
#include "runner/progress_watch.h"
#include "witness/whole_file.h"

namespace chicane::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxInput = 64 << 20;

/// A folder that goes when this goes.
class Folder {
 public:
  Folder() {
    path_ = (fs::temp_directory_path() / "chicane-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Addresses must not differ from process to process, or schedules would not either.
void switch_off_randomization() {
  const int persona = personality(0xffffffff);
  if (persona == -1 || personality(static_cast<unsigned long>(persona) | ADDR_NO_RANDOMIZE) == -1) {
    fmt::print(stderr,
               "chicane: personality(ADDR_NO_RANDOMIZE) is forbidden here: schedules still replay, "
               "but addresses differ from process to process\n");
  }
}

std::string last_lines(const std::string& text) {
  std::vector<std::string> lines = split_lines(text);
  while (!lines.empty() && trim(lines.back()).empty()) lines.pop_back();
  if (lines.size() > 3) lines.erase(lines.begin(), lines.end() - 3);
  return lines.empty() ? "" : " (it said: " + join(lines, " | ") + ")";
}

}  // namespace

ProgramResult run_program(const Session& session) {
  ProgramResult run;
  const Folder folder;
  std::string error;
  Session told = session;
  if (session.terminal) told.standard_input = folder.path() + "/terminal";
  if (folder.path().empty() || !witness::write_whole(folder.path() + "/terminal", "\n", &error) ||
      !witness::write_whole(folder.path() + "/request", to_text(told), &error)) {
    run.result.error = "no folder can be made in " + fs::temp_directory_path().string();
    return run;
  }
  switch_off_randomization();
  setenv(kSessionVariable, folder.path().c_str(), 1);
  setenv(kBindVariable, kBindMark, 0);
  auto progress = std::make_unique<ProgressWatch>(
      folder.path() + "/progress", session.program + ": ", stderr, isatty(STDERR_FILENO) == 1);
  const ProcessEnd end =
      run_process(session.command, folder.path() + "/log", std::numeric_limits<int>::max(),
                  {.own_session = true, .keep_output = session.show_output});
  progress.reset();
  unsetenv(kSessionVariable);
  if (std::string(getenv(kBindVariable)) == kBindMark) unsetenv(kBindVariable);
  run.seconds = end.seconds;
  read_file(folder.path() + "/log", &run.output);
  std::string text;
  if (!read_file(folder.path() + "/result", &text)) {
    run.result.error = fmt::format("{} {} before its main was called{}", session.program,
                                   end.describe(), last_lines(run.output));
  } else if (!report::from_json(text, &run.result, &error)) {
    run.result.error = session.program + " left no result: " + error;
  }
  return run;
}

int run_under(const std::vector<std::string>& debugger, const Session& session) {
  const Folder folder;
  std::string error;
  if (folder.path().empty() ||
      !witness::write_whole(folder.path() + "/request", to_text(session), &error)) {
    return -1;
  }
  switch_off_randomization();
  setenv(kSessionVariable, folder.path().c_str(), 1);
  const int status = run_on_terminal(debugger, session.command);
  unsetenv(kSessionVariable);
  return status;
}

bool keep_standard_input(const std::string& folder, std::string* path, std::string* error) {
  path->clear();
  struct stat status{};
  if (isatty(STDIN_FILENO) == 1 || fstat(STDIN_FILENO, &status) != 0) return true;
  std::error_code problem;
  if (S_ISREG(status.st_mode)) {
    *path = fs::read_symlink("/proc/self/fd/0", problem).string();
    if (!problem && access(path->c_str(), R_OK) == 0) return true;
  }
  if (S_ISCHR(status.st_mode)) return true;  // /dev/null
  std::string text;
  char buffer[1 << 16];
  for (ssize_t size; (size = read(STDIN_FILENO, buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(size));
    if (text.size() <= kMaxInput) continue;
    *error = fmt::format("standard input has more than {} MiB", kMaxInput >> 20);
    return false;
  }
  if (text.empty()) return true;
  fs::create_directories(folder, problem);
  *path = fs::absolute(folder + "/standard-input").string();
  return witness::write_whole(*path, text, error);
}

}  // namespace chicane::runner
