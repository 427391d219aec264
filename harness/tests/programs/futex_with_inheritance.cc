// SPDX-License-Identifier: Apache-2.0
//
// expect: uncontrolled calls@here
// says: syscall(SYS_futex): this futex operation (priority inheritance) has no model
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

int main() {
  int word = 0;
  syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, nullptr, nullptr, 0);  //~ here
  return 0;
}
