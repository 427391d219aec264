// SPDX-License-Identifier: Apache-2.0
//
// Every kind of diagnosis: what it is called, what it means, how it is mended. Identifiers are
// stable: annotations, schedule files, JSON and SARIF use them. Kinds are added, never renamed.
//
// Depends on nothing of the harness, so that the `chicane` command can link it alone.
//
// Thread safety: any; constant data.
#pragma once

#include <span>
#include <string_view>

namespace chicane::monitors {

struct KindInfo {
  std::string_view slug;        // "data-race"
  std::string_view title;       // one line, as a report's summary
  std::string_view meaning;     // two or three sentences, for `chicane explain`
  std::string_view fix;         // one line, for a report's "fix"
  std::string_view roles;       // of its sites: "read, write"
  std::string_view references;  // "CWE-362; C++ Core Guidelines CP.2; SEI CERT CON43-C"
};

/// The kind of that identifier, or null.
const KindInfo* find_kind(std::string_view slug);
/// All kinds, most frequent families first.
std::span<const KindInfo> all_kinds();

}  // namespace chicane::monitors
