// SPDX-License-Identifier: Apache-2.0
//
// Command lines of an exploration, one argument per line: accepted ones mean the same when they are
// handed on to another process; others are refused with one line.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "runner/explore_flags.h"
#include "tests/fuzz/fuzz.h"

namespace {

using chicane::runner::ExploreFlags;
using chicane::runner::ExploreSettings;

/// False when they were refused.
bool read(std::vector<std::string> arguments, ExploreSettings* settings) {
  CLI::App app("explores", "fuzz");
  ExploreFlags flags;
  chicane::runner::add_explore_flags(app, &flags);
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError&) {
    return false;
  }
  std::string error;
  if (chicane::runner::read_explore_flags(flags, settings, &error)) return true;
  chicane::fuzz::require(!error.empty() && error.find('\n') == std::string::npos,
                         "a refusal is one line");
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using chicane::fuzz::require;
  std::vector<std::string> arguments(1);
  for (const char c : chicane::fuzz::as_text(data, size)) {
    if (c == '\n') {
      arguments.emplace_back();
    } else if (c != '\0') {  // no argument can have one
      arguments.back() += c;
    }
  }
  ExploreSettings settings;
  if (!read(arguments, &settings)) return 0;
  ExploreSettings again;
  require(read(chicane::runner::explore_arguments(settings), &again), "what is handed on is read");
  require(again == settings, "read(explore_arguments(x)) == x");
  return 0;
}
