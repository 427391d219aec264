// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: syscall: it makes a thread or process that the engine does not know; call the C library's
// function native: no, because its child would run the rest of the test
#include <sys/syscall.h>
#include <unistd.h>

int main() {
  syscall(SYS_clone, 0, nullptr, nullptr, nullptr, 0);  //~ here
  return 0;
}
