// SPDX-License-Identifier: Apache-2.0
//
// What a worker hands to the command: read as a result that is written as the same text again, or
// refused with a reason.
#include <string>

#include "report/result_json.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chicane;
  using fuzz::require;
  Result result;
  std::string error;
  if (!report::from_json(std::string(fuzz::as_text(data, size)), &result, &error)) {
    require(!error.empty(), "a refusal says why");
    return 0;
  }
  const std::string text = report::to_text(result);
  Result again;
  require(report::from_json(text, &again, &error), "what is written can be read");
  require(report::to_text(again) == text, "written, read and written again it is the same");
  return 0;
}
