// SPDX-License-Identifier: Apache-2.0
//
// expect: deadlock waits@reads
// says: waits for a file descriptor
// native: no, because it never ends
#include <unistd.h>

int main() {
  int ends[2];
  if (pipe(ends) != 0) return 1;
  char byte;
  if (read(ends[0], &byte, 1) == 1) return 1;  //~ reads
  return 0;
}
