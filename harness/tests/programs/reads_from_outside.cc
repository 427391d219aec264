// SPDX-License-Identifier: Apache-2.0
//
// A descriptor that leads out of the program, and from which nothing comes.
// expect: uncontrolled blocks@reads
// says: read waits for something outside of the program
// schedules: 2
// native: no, because it never ends
#include <unistd.h>

static int ends[2] = {-1, -1};
// As a parent process would have given it to the program.
[[maybe_unused]] static const int made = pipe(ends);

int main() {
  char byte;
  if (read(ends[0], &byte, 1) == 1) return 1;  //~ reads
  return 0;
}
