// SPDX-License-Identifier: Apache-2.0
//
// Clang's warnings as the thread-safety leg keeps them: read, or refused with a reason.
#include <string>
#include <vector>

#include "runner/thread_safety.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace chicane;
  using fuzz::require;
  static const std::vector<std::string> source = {"void f() {", "  m.lock();", "  m.lock_shared();",
                                                  "}"};
  std::vector<Diagnosis> diagnoses;
  std::string error;
  const bool read =
      runner::parse_thread_safety(fuzz::as_text(data, size), source, &diagnoses, &error);
  require(read || !error.empty(), "a refusal says why");
  for (const Diagnosis& diagnosis : diagnoses) {
    require(!diagnosis.kind.empty() && !diagnosis.sites.empty(), "a diagnosis has kind and site");
  }
  return 0;
}
