// SPDX-License-Identifier: Apache-2.0
#include "tests/catalogue_sandbox.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace chicane::testing {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

Sandbox::Sandbox() {
  std::string pattern = (fs::temp_directory_path() / "chicane-test-XXXXXX").string();
  const char* made = mkdtemp(pattern.data());
  EXPECT_NE(made, nullptr) << pattern;
  root_ = pattern;
}

Sandbox::~Sandbox() {
  std::error_code ignored;
  fs::remove_all(root_, ignored);
}

void Sandbox::copy_pitfalls(const std::vector<std::string>& pitfalls) {
  for (const std::string& pitfall : pitfalls) {
    const fs::path to = fs::path(root_) / "scenarios" / pitfall;
    fs::create_directories(to);
    fs::copy(fs::path(CHICANE_SOURCE_DIR) / "scenarios" / pitfall, to, fs::copy_options::recursive);
  }
}

std::string Sandbox::read(const std::string& name) const { return slurp(path(name)); }

void Sandbox::write(const std::string& name, const std::string& text) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary) << text;
}

void Sandbox::replace(const std::string& name, const std::string& what,
                      const std::string& by) const {
  std::string text = read(name);
  const std::size_t at = text.find(what);
  ASSERT_NE(at, std::string::npos) << name << " has no '" << what << "'";
  write(name, text.replace(at, what.size(), by));
}

void Sandbox::remove(const std::string& name) const {
  ASSERT_GT(fs::remove_all(path(name)), 0U) << name;
}

bool Sandbox::exists(const std::string& name) const { return fs::exists(path(name)); }

std::vector<std::string> Sandbox::files(const std::string& folder,
                                        const std::string& suffix) const {
  std::vector<std::string> names;
  if (!exists(folder)) return names;
  for (const auto& entry : fs::recursive_directory_iterator(path(folder))) {
    const std::string name = entry.path().lexically_relative(path(folder)).string();
    if (entry.is_regular_file() && name.ends_with(suffix)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Outcome Sandbox::shell(const std::string& command) const {
  const std::string whole = "cd '" + root_ + "' && { " + command + "\n} >.out 2>.err </dev/null";
  const int status = std::system(whole.c_str());
  Outcome outcome;
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = read(".out");
  outcome.err = read(".err");
  return outcome;
}

Outcome Sandbox::chicane(const std::string& arguments) const {
  return shell(std::string("'") + CHICANE_COMMAND + "' " + arguments);
}

Outcome Sandbox::run(const std::string& arguments) const {
  return chicane("run --scenarios scenarios --witness-dir race --jobs 1 " + arguments);
}

int line_with(const std::string& text, const std::string& what) {
  const std::size_t at = text.find(what);
  if (at == std::string::npos) return 0;
  return 1 + static_cast<int>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

std::string without_times(const std::string& text) {
  static const std::regex kSeconds("[0-9]+\\.[0-9]+ s\\b");
  static const std::regex kJson("\"(seconds|runs_per_second)\": [-+0-9.e]+");
  return std::regex_replace(std::regex_replace(text, kSeconds, "T s"), kJson, "\"$1\": T");
}

std::string worker_dir() { return CHICANE_BINARY_DIR "/bin"; }
std::string fixture_worker_dir() { return CHICANE_BINARY_DIR "/fixtures/bin"; }

}  // namespace chicane::testing
