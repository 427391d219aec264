// SPDX-License-Identifier: Apache-2.0
//
// Lessons: any text either is a lesson without problems or has one that says what is wrong.
#include <vector>

#include "runner/lesson.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chicane;
  using fuzz::require;
  std::vector<runner::Problem> problems;
  const runner::Lesson lesson =
      runner::parse_lesson("lesson.md", fuzz::as_text(data, size), &problems);
  for (const runner::Problem& problem : problems) {
    require(!problem.what.empty(), "a problem says what is wrong");
  }
  require(!problems.empty() || !lesson.title.empty(), "a lesson without problems has a title");
  runner::find_placeholders("lesson.md", fuzz::as_text(data, size), &problems);
  return 0;
}
