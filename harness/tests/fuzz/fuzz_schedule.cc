// SPDX-License-Identifier: Apache-2.0
//
// Schedule files: what is accepted is written again and read as the same; what is not has an error
// that names a line, and leaves the target alone.
#include <string>

#include "tests/fuzz/fuzz.h"
#include "witness/schedule_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chicane;
  using fuzz::require;
  witness::ScheduleFile file;
  std::string error;
  if (!witness::parse(fuzz::as_text(data, size), &file, &error)) {
    require(!error.empty(), "an error says what is wrong");
    require(file == witness::ScheduleFile{}, "a malformed file changes nothing");
    return 0;
  }
  witness::ScheduleFile again;
  require(witness::parse(witness::format(file), &again, &error), "what is written can be read");
  require(again == file, "parse(format(f)) == f");
  for (const witness::Choice& choice : file.choices) {
    require(!witness::describe(choice).empty(), "every choice has words");
  }
  return 0;
}
