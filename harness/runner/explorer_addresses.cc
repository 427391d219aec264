// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_addresses.h"

#include <sys/personality.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace chicane::runner {
namespace {

// Set in the process that was started anew: it must not try again.
constexpr const char* kTried = "CHICANE_ASLR_TRIED";

void tell_what_is_lost() {
  std::fprintf(
      stderr,
      "chicane: address-space randomization cannot be switched off here (personality is "
      "forbidden): schedules still replay, but addresses differ from process to process\n");
}

}  // namespace

void fix_addresses(char** argv) {
  const int persona = personality(0xffffffff);
  if (persona == -1 || (persona & ADDR_NO_RANDOMIZE) != 0) return;
  if (getenv(kTried) != nullptr) return tell_what_is_lost();
  setenv(kTried, "1", 1);
  if (personality(static_cast<unsigned long>(persona) | ADDR_NO_RANDOMIZE) == -1) {
    return tell_what_is_lost();
  }
  execv("/proc/self/exe", argv);
}

}  // namespace chicane::runner
