// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_failures.h"

#include <algorithm>
#include <sstream>
#include <string_view>

#include "chicane/chicane.h"
#include "engine/engine.h"
#include "engine/journal.h"
#include "engine/scope.h"
#include "interpose/place.h"

namespace chicane::runner {

std::string summarize_failure(const std::string& text) {
  constexpr std::string_view kWhich = "Which is: ", kTrace = "Google Test trace:";
  std::string summary, line;
  for (std::istringstream lines(text); std::getline(lines, line) && line != kTrace;) {
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos) continue;
    const std::string_view rest = std::string_view(line).substr(first);
    if (rest.starts_with(kWhich)) {
      summary.append(" (is ").append(rest.substr(kWhich.size())).append(")");
    } else {
      if (!summary.empty()) summary += summary.back() == ':' ? " " : ", ";
      summary += rest;
    }
  }
  // "%o" stands for an object's name in a finding's message.
  for (std::size_t at = 0; (at = summary.find("%o", at)) != std::string::npos; at += 3) {
    summary.insert(at + 1, " ");
  }
  summary.resize(std::min(summary.size(), sizeof(engine::Finding::message) - 1));
  return summary;
}

std::string report_failure(const std::string& text, bool exception, const void* site) {
  using engine::Engine;
  Engine& engine = Engine::instance();
  if (engine.journal_or_null() == nullptr || engine.journal().counters().in_program == 0) return {};
  const Engine::Scope scope;
  const std::string summary = summarize_failure(text);
  if (exception) site = engine.throw_site();
  if (site == nullptr) site = interpose::place_in_program();
  if (site == nullptr) site = engine.last_site();
  engine::Finding* finding =
      engine.report(exception ? "uncaught-panic" : "assertion-failed", summary);
  engine.add_site(finding, exception ? "throws" : "asserts", engine.self().id(), site, true);
  return summary;
}

}  // namespace chicane::runner

namespace chicane {

void report_failed_assertion(const std::string& text) {
  runner::report_failure(text, false, nullptr);
}

}  // namespace chicane
