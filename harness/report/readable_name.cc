// SPDX-License-Identifier: Apache-2.0
#include "report/readable_name.h"

#include <cxxabi.h>

#include <cctype>
#include <cstdlib>

namespace chicane::report {
namespace {

constexpr std::string_view kOperator = "operator";
constexpr std::size_t kLongestArguments = 24;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool starts_with_at(std::string_view text, std::size_t at, std::string_view what) {
  return text.substr(at, what.size()) == what;
}

/// The end of the bracketed group that begins at `at`.
std::size_t group_end(std::string_view text, std::size_t at) {
  const char open = text[at];
  const char close = open == '(' ? ')' : open == '<' ? '>' : '}';
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == open) ++depth;
    if (text[i] == close && !(close == '>' && i > 0 && text[i - 1] == '-') && --depth == 0) {
      return i + 1;
    }
  }
  return text.size();
}

/// The end of an operator's name that begins at `at` ("operator()", "operator<<").
std::size_t operator_end(std::string_view text, std::size_t at) {
  std::size_t end = at + kOperator.size();
  if (starts_with_at(text, end, "()") || starts_with_at(text, end, "[]")) return end + 2;
  while (end < text.size() && std::string_view("<>=!+-*/%&|^~,").find(text[end]) != text.npos)
    ++end;
  return end;
}

/// Drops parameter lists and qualifiers, and shortens template arguments.
std::string without_parameters(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const bool word_start = i == 0 || !is_word(text[i - 1]);
    if (word_start && starts_with_at(text, i, kOperator) &&
        (i + kOperator.size() == text.size() || !is_word(text[i + kOperator.size()]))) {
      const std::size_t end = operator_end(text, i);
      out += text.substr(i, end - i);
      i = end;
    } else if (starts_with_at(text, i, "(anonymous namespace)::")) {
      i += std::string_view("(anonymous namespace)::").size();
    } else if (starts_with_at(text, i, "[abi:cxx11]")) {
      i += std::string_view("[abi:cxx11]").size();
    } else if (text[i] == '(') {
      i = group_end(text, i);
      if (starts_with_at(text, i, " const")) i += 6;
    } else if (text[i] == '{' || (text[i] == '\'' && starts_with_at(text, i, "'lambda"))) {
      const std::size_t close = text[i] == '{' ? group_end(text, i) : text.find('\'', i + 1) + 1;
      out += "$_";
      i = close == 0 ? text.size() : close;
    } else if (text[i] == '<') {
      const std::size_t end = group_end(text, i);
      out += end - i > kLongestArguments ? "<...>" : text.substr(i, end - i);
      i = end;
    } else {
      out += text[i++];
    }
  }
  return out;
}

/// Drops the return type that the demangler puts before a function template's name.
std::string without_return_type(const std::string& name) {
  int depth = 0;
  std::size_t cut = 0;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (starts_with_at(name, i, kOperator)) break;
    if (name[i] == '<') ++depth;
    if (name[i] == '>') --depth;
    if (name[i] == ' ' && depth == 0 && i + 1 < name.size()) cut = i + 1;
  }
  return name.substr(cut);
}

/// Replaces each "$_0", and an "operator()" behind it, by "lambda".
std::string with_lambdas(const std::string& name) {
  std::string out;
  for (std::size_t i = 0; i < name.size();) {
    if (!starts_with_at(name, i, "$_")) {
      out += name[i++];
      continue;
    }
    i += 2;
    while (i < name.size() && is_word(name[i])) ++i;
    if (starts_with_at(name, i, "::operator()")) i += 12;
    out += "lambda";
  }
  return out;
}

}  // namespace

std::string demangle(const std::string& linkage_name) {
  int status = 0;
  char* text = abi::__cxa_demangle(linkage_name.c_str(), nullptr, nullptr, &status);
  if (text == nullptr) return linkage_name;
  std::string result = text;
  std::free(text);
  return result;
}

std::string readable_name(std::string_view demangled) {
  std::string name = with_lambdas(without_return_type(without_parameters(demangled)));
  constexpr std::string_view kBody = "chicane_scenario_body_";
  for (std::size_t at = name.find(kBody); at != std::string::npos; at = name.find(kBody)) {
    name.erase(at, kBody.size());
  }
  while (!name.empty() && name.back() == ' ') name.pop_back();
  return name;
}

}  // namespace chicane::report
