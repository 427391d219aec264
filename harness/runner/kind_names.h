// SPDX-License-Identifier: Apache-2.0
//
// The kinds' identifiers as strings, to suggest one for a misspelt one.
//
// Thread safety: constants.
#pragma once

#include <string>
#include <vector>

#include "monitors/kinds.h"

namespace chicane::runner {

inline std::vector<std::string> kind_names() {
  std::vector<std::string> names;
  for (const monitors::KindInfo& kind : monitors::all_kinds()) names.emplace_back(kind.slug);
  return names;
}

}  // namespace chicane::runner
