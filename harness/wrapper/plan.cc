// SPDX-License-Identifier: Apache-2.0
#include "wrapper/plan.h"

#include <cstdlib>
#include <sstream>
#include <string>

namespace chicane::wrapper {
namespace {

void append(Words* to, const Words& words) { to->insert(to->end(), words.begin(), words.end()); }

/// What makes the compiler report accesses, and keeps each frame and its line.
Words instrumentation(const CommandLine& line, const Toolchain& toolchain) {
  Words words = {"-fsanitize=thread", "-g", "-fno-omit-frame-pointer",
                 "-fno-optimize-sibling-calls"};
  // Else clang leaves out a class whose constructors are in another file, and its members' names.
  if (toolchain.clang) words.emplace_back("-fstandalone-debug");
  if (!line.has_optimization) append(&words, {"-O1", "-fno-inline"});
  // gcc warns that ThreadSanitizer does not know fences; this runtime does.
  if (!toolchain.clang) words.emplace_back("-Wno-tsan");
  // Up to 16 clang forgets where a number is whose address is taken; a report would not name it.
  if (toolchain.clang && toolchain.version != 0 && toolchain.version <= 16) {
    append(&words, {"-mllvm", "-instcombine-lower-dbg-declare=0"});
  }
  append(&words, toolchain.headers);
  return words;
}

/// The compilation of the source at `source` alone, of a command that would compile and link.
Words compile_one(const CommandLine& line, const Toolchain& toolchain, std::size_t source,
                  const std::string& object) {
  Words words = toolchain.compiler;
  append(&words, instrumentation(line, toolchain));
  // clang says so of the options that are for the link.
  if (toolchain.clang) words.emplace_back("-Wno-unused-command-line-argument");
  for (std::size_t i = 0; i < line.arguments.size(); ++i) {
    const Role role = line.roles[i];
    if (role == Role::kOutput || role == Role::kInput) continue;
    if (role == Role::kSource && i != source) continue;
    // A language holds for the files behind it.
    if (role == Role::kLanguage && i > source) continue;
    words.push_back(line.arguments[i]);
  }
  append(&words, {"-c", "-o", object});
  return words;
}

/// "-fsanitize=thread,undefined" -> "-fsanitize=undefined"; empty when nothing is left. The link
/// would bring in ThreadSanitizer's runtime beside Chicane's.
std::string without_thread(const std::string& option) {
  std::istringstream names(option.substr(option.find('=') + 1));
  std::string left;
  for (std::string name; std::getline(names, name, ',');) {
    if (name != "thread") left += (left.empty() ? "" : ",") + name;
  }
  return left.empty() ? left : "-fsanitize=" + left;
}

Words link(const CommandLine& line, const Toolchain& toolchain, const Words& objects) {
  Words words = toolchain.compiler;
  std::size_t next = 0;
  for (std::size_t i = 0; i < line.arguments.size(); ++i) {
    const std::string& argument = line.arguments[i];
    if (line.roles[i] == Role::kSource) {
      words.push_back(objects[next++]);
    } else if (argument.starts_with("-fsanitize=")) {
      const std::string left = without_thread(argument);
      if (!left.empty()) words.push_back(left);
    } else if (line.roles[i] != Role::kLanguage) {
      words.push_back(argument);
    }
  }
  if (line.action == Action::kLinkProgram) append(&words, toolchain.runtime);
  // A library's instrumentation calls what the program has.
  if (line.action == Action::kLinkShared && line.forbids_undefined) {
    words.emplace_back("-Wl,-z,undefs");
  }
  return words;
}

}  // namespace

Plan make_plan(const CommandLine& line, const Toolchain& toolchain, const std::string& scratch) {
  Plan plan;
  Words words = toolchain.compiler;
  const bool sources = has_sources(line);
  const bool compiles = line.action == Action::kCompile || line.action == Action::kPreprocess;
  if (line.action == Action::kAsk || (compiles && !sources)) {
    append(&words, line.arguments);
    plan.commands.push_back(words);
    return plan;
  }
  if (compiles) {
    append(&words, instrumentation(line, toolchain));
    append(&words, line.arguments);
    plan.commands.push_back(words);
    return plan;
  }
  for (std::size_t i = 0; i < line.arguments.size(); ++i) {
    if (line.roles[i] != Role::kSource) continue;
    plan.temporary.push_back(scratch + "/" + std::to_string(plan.temporary.size()) + ".o");
    plan.commands.push_back(compile_one(line, toolchain, i, plan.temporary.back()));
  }
  plan.commands.push_back(link(line, toolchain, plan.temporary));
  return plan;
}

int is_clang_by_name(const std::string& compiler) {
  const std::string name = compiler.substr(compiler.rfind('/') + 1);
  if (name.find("clang") != std::string::npos) return 1;
  return name.find("g++") != std::string::npos || name.find("gcc") != std::string::npos ? 0 : -1;
}

int clang_version(const std::string& text) {
  for (const std::string before : {"clang version ", "clang-", "clang++-"}) {
    const std::size_t at = text.rfind(before);
    if (at == std::string::npos) continue;
    const int version = std::atoi(text.c_str() + at + before.size());
    if (version > 0) return version;
  }
  return 0;
}

}  // namespace chicane::wrapper
