// SPDX-License-Identifier: Apache-2.0
//
// chicane explain: what a kind of diagnosis means, how it is mended, where to read on.
#include <fmt/format.h>

#include "monitors/kinds.h"
#include "runner/commands.h"
#include "runner/discovery.h"
#include "runner/kind_names.h"
#include "runner/legs.h"

namespace chicane::runner {
namespace {

constexpr std::size_t kWidth = 96;

/// Prints `text` in lines of at most kWidth columns, each after `indent` blanks.
void print_wrapped(std::string_view text, std::size_t indent) {
  std::string line(indent, ' ');
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, blank);
    if (line.size() > indent && line.size() + 1 + word.size() > kWidth) {
      fmt::print("{}\n", line);
      line.assign(indent, ' ');
    }
    if (line.size() > indent) line += ' ';
    line += word;
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  if (line.size() > indent) fmt::print("{}\n", line);
}

void print_kinds() {
  for (const monitors::KindInfo& kind : monitors::all_kinds()) {
    fmt::print("{:<22} {}\n", kind.slug, kind.title);
  }
  fmt::print("\n`chicane explain KIND` says more of one of them.\n");
}

/// The pitfalls of the catalogue that teach this kind, if the catalogue is here.
void print_lessons(const std::string& kind, const std::string& scenarios) {
  const Catalogue catalogue = discover(scenarios);
  bool first = true;
  for (const Pitfall& pitfall : catalogue.pitfalls) {
    const std::vector<std::string>& kinds = pitfall.lesson.kinds;
    if (std::find(kinds.begin(), kinds.end(), kind) == kinds.end()) continue;
    fmt::print("{}  {:<38} {}\n", first ? "\nlessons\n" : "", pitfall.id(), pitfall.lesson.title);
    first = false;
  }
}

int explain(const std::string& name, const std::string& scenarios) {
  if (name.empty()) {
    print_kinds();
    return kExitExpected;
  }
  std::string error;
  if (!check_word("kind", name, kind_names(), &error)) {
    return usage_error(error, "`chicane explain` alone lists all kinds");
  }
  const monitors::KindInfo& kind = *monitors::find_kind(name);
  fmt::print("{}: {}\n\n", kind.slug, kind.title);
  print_wrapped(kind.meaning, 2);
  fmt::print("\nfix\n");
  print_wrapped(kind.fix, 2);
  if (!kind.roles.empty()) fmt::print("\nroles of its sites\n  {}\n", kind.roles);
  if (!kind.references.empty()) {
    fmt::print("\nreferences\n");
    print_wrapped(kind.references, 2);
  }
  print_lessons(name, scenarios);
  return kExitExpected;
}

}  // namespace

void add_explain(CLI::App& app, int* exit_code) {
  struct Options {
    std::string kind, scenarios = default_scenarios();
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("explain", "Explains a kind of diagnosis, or lists them");
  command->add_option("kind", options->kind, "A kind, such as data-race");
  command->add_option("--scenarios", options->scenarios, "The catalogue's folder, for its lessons");
  command->callback(
      [options, exit_code] { *exit_code = explain(options->kind, options->scenarios); });
}

}  // namespace chicane::runner
