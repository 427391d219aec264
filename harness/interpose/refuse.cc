// SPDX-License-Identifier: Apache-2.0
#include "interpose/refuse.h"

#include <cstdint>
#include <cstdio>

extern "C" {
extern char __executable_start;  // the linker's: the executable's first byte,
extern char etext;               // and the end of its code
void chicane_program_text_end();
}

namespace chicane::interpose {

void refuse(engine::Engine& engine, const char* call, const char* why, const char* instead,
            const void* site) {
  char text[200];
  std::snprintf(text, sizeof text, "%s: %s; %s", call, why, instead);
  engine::Finding* finding = engine.report("uncontrolled", text);
  if (finding != nullptr) finding->fatal = true;
  engine.add_site(finding, "calls", engine.self().id(), site, true);
  engine.end_run(engine::RunEnd::kFatal);
}

bool in_executable(const void* code) {
  const char* byte = static_cast<const char*>(code);
  return byte >= &__executable_start && byte < &etext;
}

bool in_program(const void* code) {
  const auto address = reinterpret_cast<std::uintptr_t>(code);
  const auto end = reinterpret_cast<std::uintptr_t>(&chicane_program_text_end);
  const auto own = reinterpret_cast<std::uintptr_t>(&in_program);
  const auto start = reinterpret_cast<std::uintptr_t>(&__executable_start);
  return own > end && address >= start && address < end;
}

}  // namespace chicane::interpose
