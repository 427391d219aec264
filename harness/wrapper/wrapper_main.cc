// SPDX-License-Identifier: Apache-2.0
//
// chicane-c++ and chicane-cc: compilers that instrument what they compile and link Chicane's
// runtime into programs. One program with two names.
//
//   CHICANE_CXX, CHICANE_CC   the compiler below ("ccache g++-12"); else the one Chicane was built
//                             with
//   CHICANE_RUNTIME=tsan      link the flavour for `chicane explore --leg tsan`
//   CHICANE_WRAPPER_SHOW=1    say on standard error what is run
//
// Exit: the compiler's; 2 when what was asked for cannot be combined with the instrumentation.
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "wrapper/command_line.h"
#include "wrapper/plan.h"

extern char** environ;

namespace {

namespace fs = std::filesystem;
using chicane::wrapper::Words;

constexpr int kExitUsage = 2;

std::string g_name = "chicane-c++";

[[noreturn]] void fail(const std::string& what, const std::string& instead) {
  std::fprintf(stderr, "%s: error: %s\n", g_name.c_str(), what.c_str());
  if (!instead.empty()) std::fprintf(stderr, "  instead: %s\n", instead.c_str());
  std::exit(kExitUsage);
}

Words split(const std::string& text) {
  std::istringstream in(text);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string library_folder() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) fail("/proc/self/exe cannot be read", "mount /proc");
  return (self.parent_path() / CHICANE_LIBRARIES_FROM_PROGRAMS).lexically_normal().string();
}

/// Options, one a line; @ at the beginning stands for the folder of the file.
Words read_options(const std::string& name, const std::string& instead) {
  const std::string folder = library_folder();
  const std::string path = folder + "/" + name;
  std::ifstream file(path);
  if (!file) fail(path + " is not there", instead);
  Words words;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    words.push_back(line[0] == '@' ? folder + line.substr(1) : line);
  }
  return words;
}

std::string said_by(const std::string& compiler) {
  std::string text;
  if (FILE* pipe = popen((compiler + " --version 2>/dev/null").c_str(), "r")) {
    char buffer[256];
    while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) text += buffer;
    pclose(pipe);
  }
  return text;
}

/// Whether the compiler is clang, and which: by its name where that says so.
void identify(chicane::wrapper::Toolchain* toolchain) {
  const std::string& compiler = toolchain->compiler.back();
  const int by_name = chicane::wrapper::is_clang_by_name(compiler);
  toolchain->clang = by_name == 1;
  toolchain->version = chicane::wrapper::clang_version(compiler.substr(compiler.rfind('/') + 1));
  if (by_name == 0 || toolchain->version != 0) return;
  const std::string text = said_by(compiler);
  toolchain->clang = text.find("clang") != std::string::npos;
  toolchain->version = chicane::wrapper::clang_version(text);
}

chicane::wrapper::Toolchain find_toolchain(bool cxx, const chicane::wrapper::CommandLine& line) {
  using chicane::wrapper::Action;
  constexpr const char* kAsAWhole = "build Chicane (make), or install it as a whole (make install)";
  chicane::wrapper::Toolchain toolchain;
  const char* name = cxx ? "CHICANE_CXX" : "CHICANE_CC";
  toolchain.compiler = split(variable(name));
  if (toolchain.compiler.empty()) toolchain.compiler = {cxx ? CHICANE_CXX_BELOW : CHICANE_CC_BELOW};
  if (toolchain.compiler.back().find("chicane-c") != std::string::npos) {
    fail(std::string(name) + " names this wrapper itself", "name the compiler below it");
  }
  identify(&toolchain);
  if (line.action != Action::kAsk) toolchain.headers = read_options("headers.compile", kAsAWhole);
  if (line.action != Action::kLinkProgram) return toolchain;
  const std::string flavour = variable("CHICANE_RUNTIME");
  if (!flavour.empty() && flavour != "sched" && flavour != "tsan") {
    fail("CHICANE_RUNTIME=" + flavour + " is not known", "use sched or tsan");
  }
  const bool tsan = flavour == "tsan";
  if (tsan && toolchain.clang != (CHICANE_BELOW_IS_CLANG != 0)) {
    fail("the tsan runtime was built with " CHICANE_CXX_BELOW
         ", whose ThreadSanitizer is not that "
         "of " +
             toolchain.compiler.back(),
         "use the same compiler for both");
  }
  toolchain.runtime = read_options(
      tsan ? "runtime_tsan.link" : "runtime.link",
      tsan ? "Chicane was built with a compiler that has no ThreadSanitizer runtime" : kAsAWhole);
  return toolchain;
}

void show(const Words& words) {
  for (const std::string& word : words) std::fprintf(stderr, "%s ", word.c_str());
  std::fprintf(stderr, "\n");
}

std::vector<char*> pointers(const Words& words) {
  std::vector<char*> all;
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

[[noreturn]] void become(const Words& words) {
  execvp(words[0].c_str(), pointers(words).data());
  fail(words[0] + " cannot be started: " + std::strerror(errno), "set CHICANE_CXX or CHICANE_CC");
}

int run(const Words& words) {
  pid_t child = 0;
  const int error =
      posix_spawnp(&child, words[0].c_str(), nullptr, nullptr, pointers(words).data(), environ);
  if (error != 0) {
    fail(words[0] + " cannot be started: " + std::strerror(error), "set CHICANE_CXX or CHICANE_CC");
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_all(const chicane::wrapper::Plan& plan, const std::string& scratch) {
  int status = 0;
  for (const Words& words : plan.commands) {
    status = run(words);
    if (status != 0) break;
  }
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace chicane::wrapper;
  g_name = fs::path(argv[0]).filename().string();
  const bool cxx = g_name.find("++") != std::string::npos;
  const CommandLine line = understand({argv + 1, argv + argc});
  if (!line.refusal.empty()) fail(line.refusal, line.instead);
  const bool links = line.action >= Action::kLinkProgram;
  const Toolchain toolchain = find_toolchain(cxx, line);
  std::string scratch;
  if (links && has_sources(line)) {
    scratch = (fs::temp_directory_path() / "chicane-objects-XXXXXX").string();
    if (mkdtemp(scratch.data()) == nullptr) fail(scratch + " cannot be made", "set TMPDIR");
  }
  const Plan plan = make_plan(line, toolchain, scratch);
  if (!variable("CHICANE_WRAPPER_SHOW").empty()) {
    for (const Words& words : plan.commands) show(words);
  }
  if (plan.commands.size() == 1) become(plan.commands[0]);
  return run_all(plan, scratch);
}
