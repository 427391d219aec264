// SPDX-License-Identifier: Apache-2.0
//
// Annotations: every entry and every error has its line and column within the text.
#include <algorithm>
#include <vector>

#include "runner/annotations.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chicane;
  using fuzz::require;
  const std::string_view text = fuzz::as_text(data, size);
  const int lines = static_cast<int>(std::count(text.begin(), text.end(), '\n')) + 1;
  std::vector<runner::Problem> problems;
  const runner::Annotations found = runner::parse_annotations("input.cc", text, &problems);
  for (const runner::Annotation& entry : found.entries) {
    require(entry.line >= 1 && entry.line <= lines, "an entry is on a line of the text");
    require(!entry.kind.empty() && !entry.id.empty(), "an entry has kind and id");
    require(!entry.legs.empty(), "an entry lists a leg");
    require(entry.prose.size() <= runner::kMaxProse, "prose is short");
  }
  for (const runner::Problem& problem : problems) {
    require(!problem.what.empty(), "a problem says what is wrong");
    require(problem.line >= 0 && problem.line <= lines, "a problem is on a line of the text");
    require(!runner::to_string(problem).empty(), "a problem can be printed");
  }
  return 0;
}
