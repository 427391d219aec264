// SPDX-License-Identifier: Apache-2.0
//
// The unlock that forgets that somebody may wait.
// expect: deadlock
// says: waits for an atomic to change
// native: no, because it may never end
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

int main() {
  std::atomic<int> busy{1};
  std::thread waiter([&] {
    while (busy.load() == 1) {
      syscall(SYS_futex, &busy, FUTEX_WAIT_PRIVATE, 1, nullptr, nullptr, 0);
    }
  });
  syscall(SYS_futex, &busy, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  busy = 0;
  waiter.join();
  return 0;
}
