// SPDX-License-Identifier: Apache-2.0
//
// The strategies by name, for the command line; the worker has their code.
//
// Thread safety: constants.
#pragma once

#include <string>
#include <vector>

namespace chicane::runner {

struct StrategyInfo {
  const char* name;
  const char* what;
};

inline constexpr StrategyInfo kStrategies[] = {
    {"portfolio", "random and pct in turn (the default)"},
    {"random", "at every choice each enabled thread is equally likely"},
    {"pct", "random priorities with --pct-depth minus one changes: few ordering constraints"},
};

inline std::vector<std::string> strategy_names() {
  std::vector<std::string> names;
  for (const StrategyInfo& strategy : kStrategies) names.emplace_back(strategy.name);
  return names;
}

}  // namespace chicane::runner
