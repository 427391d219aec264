// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: flock: other processes may take part
#include <sys/file.h>

#include <cstdio>

int main() {
  FILE* file = std::tmpfile();  // nobody else's
  if (file == nullptr) return 1;
  flock(fileno(file), LOCK_EX);  //~ here
  std::fclose(file);
  return 0;
}
