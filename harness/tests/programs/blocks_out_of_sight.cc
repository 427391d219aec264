// SPDX-License-Identifier: Apache-2.0
//
// A library waits in a call of its own.
// expect: uncontrolled blocks
// says: waits in a call that the engine does not see
// schedules: 1
// native: no, because it never ends
#include <unistd.h>

#include <cstdio>

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  std::FILE* file = fdopen(ends[0], "r");
  return std::fgetc(file);
}
