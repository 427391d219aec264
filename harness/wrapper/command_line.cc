// SPDX-License-Identifier: Apache-2.0
#include "wrapper/command_line.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <string_view>

namespace chicane::wrapper {
namespace {

using Names = std::initializer_list<std::string_view>;

bool is_one_of(std::string_view word, Names names) {
  return std::find(names.begin(), names.end(), word) != names.end();
}

/// Options whose value is the next argument.
bool takes_value(std::string_view option) {
  return is_one_of(option, {"-o",
                            "-x",
                            "-I",
                            "-D",
                            "-U",
                            "-L",
                            "-l",
                            "-include",
                            "-imacros",
                            "-isystem",
                            "-idirafter",
                            "-iprefix",
                            "-iquote",
                            "-isysroot",
                            "-iwithprefix",
                            "-MF",
                            "-MT",
                            "-MQ",
                            "-Xlinker",
                            "-Xclang",
                            "-Xassembler",
                            "-Xpreprocessor",
                            "-T",
                            "-u",
                            "-z",
                            "-e",
                            "-A",
                            "-B",
                            "-arch",
                            "-target",
                            "--target",
                            "--param",
                            "-aux-info",
                            "-mllvm",
                            "-gcc-toolchain",
                            "-dumpdir",
                            "-wrapper",
                            "-specs",
                            "-include-pch",
                            "-rpath"});
}

bool is_source(std::string_view file) {
  const std::size_t dot = file.rfind('.');
  if (dot == std::string_view::npos) return false;
  return is_one_of(file.substr(dot + 1), {"c", "cc", "cp", "cxx", "cpp", "CPP", "c++", "C", "i",
                                          "ii", "m", "mm", "M", "ixx", "cppm"});
}

bool is_header(std::string_view file) {
  const std::size_t dot = file.rfind('.');
  if (dot == std::string_view::npos) return false;
  return is_one_of(file.substr(dot + 1), {"h", "hh", "H", "hp", "hxx", "hpp", "HPP", "h++", "tcc"});
}

/// The words of a response file: blanks separate, quotes and backslashes keep together.
std::vector<std::string> split_words(std::istream& in) {
  std::vector<std::string> words;
  std::string word;
  bool open = false;
  char quote = 0;
  for (char c; in.get(c);) {
    if (c == '\\' && quote != '\'') {
      if (in.get(c)) word += c;
      open = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      open = true;
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      if (open) words.push_back(word);
      word.clear();
      open = false;
    } else {
      word += c;
      open = true;
    }
  }
  if (open) words.push_back(word);
  return words;
}

/// Response files replaced by what they say: the compiler would do the same.
std::vector<std::string> expand(const std::vector<std::string>& arguments, int depth = 0) {
  std::vector<std::string> all;
  for (const std::string& argument : arguments) {
    std::ifstream file;
    if (argument.size() > 1 && argument[0] == '@' && depth < 8) file.open(argument.substr(1));
    if (!file.is_open() || !file) {
      all.push_back(argument);
      continue;
    }
    const auto inner = expand(split_words(file), depth + 1);
    all.insert(all.end(), inner.begin(), inner.end());
  }
  return all;
}

void refuse(CommandLine* line, std::string what, std::string instead) {
  if (!line->refusal.empty()) return;
  line->refusal = std::move(what);
  line->instead = std::move(instead);
}

/// Sanitizers that have a runtime of their own below the program, or own its stacks.
void check_sanitizers(std::string_view list, CommandLine* line) {
  std::istringstream names{std::string(list)};
  for (std::string name; std::getline(names, name, ',');) {
    if (!is_one_of(name, {"address", "kernel-address", "hwaddress", "kernel-hwaddress", "leak",
                          "memory", "kernel-memory", "dataflow", "safe-stack", "shadow-call-stack",
                          "fuzzer", "fuzzer-no-link", "memtag", "realtime", "type"})) {
      continue;
    }
    refuse(line, "-fsanitize=" + name + " cannot be combined with Chicane's instrumentation",
           "leave it out here, and build a second time for that sanitizer");
  }
}

/// What an option says of the compiler's action; later ones win among -E, -S and -c as in gcc.
class Reader {
 public:
  explicit Reader(CommandLine* line) : line_(*line) {}

  void read() {
    for (std::size_t i = 0; i < line_.arguments.size(); ++i) {
      const std::string& argument = line_.arguments[i];
      if (argument == "-" || argument.empty() || argument[0] != '-') {
        line_.roles.push_back(input(argument));
        continue;
      }
      const bool has_value = takes_value(argument) && i + 1 < line_.arguments.size();
      const std::string value = has_value ? line_.arguments[i + 1] : "";
      line_.roles.push_back(option(argument, value));
      if (!has_value) continue;
      line_.roles.push_back(line_.roles.back());
      ++i;
    }
    decide();
  }

 private:
  Role input(const std::string& file) {
    has_input_ = true;
    const bool by_language = !language_.empty() && language_ != "none";
    const bool header = by_language ? language_.ends_with("-header") : is_header(file);
    if (header) {
      headers_ = true;
      return Role::kSource;
    }
    const bool source = by_language ? !language_.starts_with("assembler") : is_source(file);
    return source ? Role::kSource : Role::kInput;
  }

  Role option(const std::string& word, const std::string& value) {
    line_.has_optimization |= word.starts_with("-O");
    if (is_one_of(word, {"-###", "--version", "-dumpversion", "-dumpmachine", "-dumpfullversion",
                         "-dumpspecs", "--help", "-help", "-cc1", "-cc1as"}) ||
        word.starts_with("-print-") || word.starts_with("--print-") ||
        word.starts_with("--help=")) {
      asks_ = true;
    } else if (is_one_of(word, {"-E", "-M", "-MM", "--preprocess"})) {
      preprocesses_ = true;
    } else if (is_one_of(word, {"-c", "-S", "-fsyntax-only", "--compile", "--assemble",
                                "--precompile", "-emit-pch"})) {
      compiles_ = true;
    } else if (word.starts_with("-x")) {
      language_ = word == "-x" ? value : word.substr(2);
      return Role::kLanguage;
    } else if (word == "-o") {
      return Role::kOutput;
    } else if (word.starts_with("-o")) {
      return Role::kOutput;  // -oprog
    } else {
      check(word);
      link_option(word, value);
    }
    return Role::kOption;
  }

  void check(const std::string& word) {
    if (word.starts_with("-fsanitize=")) {
      check_sanitizers(word.substr(11), &line_);
    } else if (is_one_of(word, {"-m32", "-mx32", "-m16"})) {
      refuse(&line_, word + " makes a program that Chicane's 64-bit runtime cannot join",
             "build for 64 bits");
    } else if (word == "-stdlib=libc++") {
      refuse(&line_,
             "-stdlib=libc++ makes a program with two C++ libraries: Chicane's runtime is "
             "built on libstdc++",
             "leave it out");
    }
  }

  void link_option(std::string_view word, const std::string& value) {
    if (is_one_of(word, {"-shared", "--shared", "-dynamiclib"})) {
      shared_ = true;
    } else if (is_one_of(word, {"-static", "--static", "-static-pie", "-Wl,-static"})) {
      static_ = word;
    } else if (is_one_of(word, {"-r", "-nostdlib", "-nostartfiles", "-Wl,-r", "-nodefaultlibs"})) {
      bare_ = true;
    } else if (word.find("no-undefined") != std::string_view::npos ||
               word.find("-z,defs") != std::string_view::npos ||
               ((word == "-z" || word == "-Xlinker") &&
                is_one_of(value, {"defs", "--no-undefined"}))) {
      line_.forbids_undefined = true;
    } else if (word.starts_with("-l")) {
      has_input_ = true;
    }
  }

  void decide() {
    if (asks_ || !has_input_) {
      line_.action = Action::kAsk;
      line_.refusal.clear();
    } else if (preprocesses_) {
      line_.action = Action::kPreprocess;
    } else if (compiles_ || headers_) {
      line_.action = Action::kCompile;
    } else if (shared_) {
      line_.action = Action::kLinkShared;
    } else if (bare_) {
      line_.action = Action::kLinkOther;
    } else {
      line_.action = Action::kLinkProgram;
      if (!static_.empty()) {
        refuse(&line_,
               static_ +
                   " makes a program in which Chicane cannot see what threads call of the C "
                   "library",
               "link it dynamically; -static-libstdc++ and -static-libgcc are fine");
      }
    }
  }

  CommandLine& line_;
  std::string language_, static_;
  bool has_input_ = false, headers_ = false;
  bool asks_ = false, preprocesses_ = false, compiles_ = false;
  bool shared_ = false, bare_ = false;
};

}  // namespace

bool has_sources(const CommandLine& line) {
  return std::find(line.roles.begin(), line.roles.end(), Role::kSource) != line.roles.end();
}

CommandLine understand(const std::vector<std::string>& arguments) {
  CommandLine line;
  line.arguments = expand(arguments);
  Reader(&line).read();
  return line;
}

}  // namespace chicane::wrapper
