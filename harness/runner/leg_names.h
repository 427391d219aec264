// SPDX-License-Identifier: Apache-2.0
//
// The legs: the ways to examine a program. This table feeds the annotation grammar, the command
// line, the matrix and the help.
//
// Thread safety: constants.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace chicane::runner {

struct LegInfo {
  const char* name;
  const char* what;
  bool optional;  // not part of a plain `chicane run`: the tool may be missing
};

inline constexpr LegInfo kLegs[] = {
    {"sched", "our runtime: every monitor, many schedules, a witness for each diagnosis", false},
    {"lockorder", "lock cycles predicted from few runs, then confirmed or refuted", false},
    {"tsan", "the real ThreadSanitizer runtime under deterministic schedules", false},
    {"thread-safety", "clang's -Wthread-safety, captured when the scenario is compiled", false},
    {"helgrind", "valgrind's race detector on native threads", true},
    {"rr", "record --chaos on native threads", true},
};

inline const LegInfo* find_leg(std::string_view name) {
  for (const LegInfo& leg : kLegs) {
    if (name == leg.name) return &leg;
  }
  return nullptr;
}

inline std::vector<std::string> leg_names() {
  std::vector<std::string> names;
  for (const LegInfo& leg : kLegs) names.emplace_back(leg.name);
  return names;
}

}  // namespace chicane::runner
