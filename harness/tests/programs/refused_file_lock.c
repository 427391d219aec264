// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: fcntl(F_SETLKW): other processes may take part
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>

int main(void) {
  FILE* file = tmpfile();
  assert(file != NULL && fcntl(fileno(file), F_GETFD) >= 0);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  assert(fcntl(fileno(file), F_SETLK, &lock) == 0);  // does not wait
  lock.l_type = F_RDLCK;
  fcntl(fileno(file), F_SETLKW, &lock);  //~ here
  fclose(file);
  return 0;
}
