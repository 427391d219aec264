// SPDX-License-Identifier: Apache-2.0
//
// chicane list: what there is.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "runner/commands.h"
#include "runner/discovery.h"
#include "runner/leg_names.h"
#include "runner/legs.h"
#include "runner/strategy_names.h"

namespace chicane::runner {
namespace {

struct ListOptions {
  std::string scenarios = default_scenarios();
  bool json = false;
  bool strategies = false;
  bool legs = false;
  bool ctest = false;
};

nlohmann::json to_json(const Pitfall& pitfall) {
  nlohmann::json forms = nlohmann::json::array();
  for (const ScenarioFile& file : pitfall.files) {
    nlohmann::json promises = nlohmann::json::array();
    for (const Annotation& entry : file.annotations.entries) {
      promises.push_back({{"line", entry.line},
                          {"kind", entry.kind},
                          {"id", entry.id},
                          {"role", entry.role},
                          {"legs", entry.legs},
                          {"gap", entry.gap},
                          {"prose", entry.prose}});
    }
    forms.push_back({{"form", file.form}, {"file", file.path}, {"annotations", promises}});
  }
  return {{"family", pitfall.family},
          {"name", pitfall.name},
          {"title", pitfall.lesson.title},
          {"pitfall", pitfall.lesson.pitfall},
          {"notes", pitfall.lesson.notes},
          {"kinds", pitfall.lesson.kinds},
          {"references", pitfall.lesson.references},
          {"negative", pitfall.lesson.negative},
          {"forms", forms}};
}

void print_json(const Catalogue& catalogue) {
  nlohmann::json json;
  json["pitfalls"] = nlohmann::json::array();
  for (const Pitfall& pitfall : catalogue.pitfalls) json["pitfalls"].push_back(to_json(pitfall));
  json["legs"] = leg_names();
  json["strategies"] = strategy_names();
  fmt::print("{}\n", json.dump(2));
}

/// One line per test: name, pitfall, variant, form, leg. CMake or a script makes tests of them.
void print_ctest(const Catalogue& catalogue) {
  for (const Pitfall& pitfall : catalogue.pitfalls) {
    for (const ScenarioFile& file : pitfall.files) {
      for (const LegInfo& leg : kLegs) {
        if (leg.optional) continue;
        fmt::print("scenario.{}.{}.{}.{} {} {} {} {}\n", pitfall.family, pitfall.name, file.form,
                   leg.name, pitfall.id(), file.good() ? "good" : "bad",
                   file.std_form() ? "std" : "default", leg.name);
      }
    }
  }
}

void print_people(const Catalogue& catalogue) {
  std::size_t width = 0;
  for (const Pitfall& pitfall : catalogue.pitfalls) width = std::max(width, pitfall.id().size());
  for (const Pitfall& pitfall : catalogue.pitfalls) {
    const std::size_t room = 100 - std::min<std::size_t>(width + 7, 60);
    std::string title = pitfall.lesson.title;
    if (title.size() > room) title = title.substr(0, room - 3) + "...";
    fmt::print("{:<{}}  {:<4} {}\n", pitfall.id(), width, pitfall.lesson.pitfall, title);
  }
  fmt::print("{} pitfalls in {}\n", catalogue.pitfalls.size(), shown_path(catalogue.root));
}

int list(const ListOptions& options) {
  if (options.strategies) {
    for (const StrategyInfo& info : kStrategies) fmt::print("{:<14} {}\n", info.name, info.what);
  }
  if (options.legs) {
    for (const LegInfo& info : kLegs) {
      fmt::print("{:<14} {}{}\n", info.name, info.what, info.optional ? " (optional)" : "");
    }
  }
  if (options.strategies || options.legs) return kExitExpected;
  const Catalogue catalogue = discover(options.scenarios);
  if (catalogue.pitfalls.empty() && !catalogue.problems.empty()) {
    return usage_error(to_string(catalogue.problems.front()));
  }
  if (options.json) {
    print_json(catalogue);
  } else if (options.ctest) {
    print_ctest(catalogue);
  } else {
    print_people(catalogue);
  }
  std::vector<Problem> problems = catalogue.problems;
  for (const Pitfall& pitfall : catalogue.pitfalls) {
    problems.insert(problems.end(), pitfall.problems.begin(), pitfall.problems.end());
  }
  for (const Problem& problem : problems) fmt::print(stderr, "{}\n", to_string(problem));
  return problems.empty() ? kExitExpected : kExitFinding;
}

}  // namespace

void add_list(CLI::App& app, int* exit_code) {
  auto options = std::make_shared<ListOptions>();
  CLI::App* command = app.add_subcommand("list", "Lists pitfalls, legs or strategies");
  command->add_option("--scenarios", options->scenarios, "The catalogue's folder");
  command->add_flag("--json", options->json, "Everything, as one JSON object");
  command->add_flag("--strategies", options->strategies, "The strategies of --strategy");
  command->add_flag("--legs", options->legs, "The legs of --leg");
  command->add_flag("--ctest", options->ctest, "One line per test: name pitfall variant form leg");
  command->callback([options, exit_code] { *exit_code = list(*options); });
}

}  // namespace chicane::runner
