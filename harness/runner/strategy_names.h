// SPDX-License-Identifier: Apache-2.0
//
// The strategies by name, and what can be set of each, for the command line; their code is in
// strategies/. One row here makes a strategy known to --strategy, to its help and to
// `chicane list --strategies`.
//
// Thread safety: constants.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace chicane::runner {

/// Something that can be set of some strategies, by an option of its name: `--depth 3`.
struct ParameterInfo {
  const char* name;
  const char* what;
  std::uint64_t minimum, maximum;
};

inline constexpr ParameterInfo kParameters[] = {
    {"depth", "how many ordering constraints the bugs looked for have", 1, 64},
    {"bound", "how many delays or preemptions a schedule has at most", 0, 1000},
};

struct StrategyInfo {
  const char* name;
  const char* what;
  /// The names of its parameters, with spaces between them; "" for none.
  const char* parameters = "";
};

/// The first is the default.
inline constexpr StrategyInfo kStrategies[] = {
    {"portfolio", "reverses conflicts, and all samplers, where behaviour is new (the default)",
     "depth"},
    {"random", "at every choice each enabled thread is equally likely"},
    {"pct", "random priorities with --depth minus one changes: few ordering constraints", "depth"},
    {"pos", "random priorities of operations: a random walk over partial orders"},
    {"urw", "every interleaving is equally likely"},
    {"surw", "every order of the operations at one object is equally likely"},
    {"delay", "all schedules with 0, 1, 2, ... delays, --bound at most", "bound"},
    {"preemption", "all schedules with 0, 1, 2, ... preemptions, --bound at most", "bound"},
    {"dfs", "every interleaving, one after the other: a proof, if it comes to an end"},
    {"dpor", "every behaviour once (optimal partial order reduction): the same proof, far sooner"},
};

inline std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  for (const StrategyInfo& strategy : kStrategies) names.emplace_back(strategy.name);
  return names;
}

/// The parameters of a strategy; none of an unknown one.
inline std::vector<std::string> parameters_of(std::string_view strategy) {
  std::vector<std::string> names;
  for (const StrategyInfo& info : kStrategies) {
    if (strategy != info.name) continue;
    std::string_view rest = info.parameters;
    while (!rest.empty()) {
      const std::size_t end = rest.find(' ');
      names.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return names;
}

}  // namespace chicane::runner
