// SPDX-License-Identifier: Apache-2.0
//
// A mutex made of a futex (Drepper, "Futexes Are Tricky", the third one).
// stdout: 6
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <thread>

namespace {

class Mutex {
 public:
  void lock() {
    int seen = 0;
    if (state_.compare_exchange_strong(seen, 1)) return;
    if (seen != 2) seen = state_.exchange(2);
    while (seen != 0) {
      syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, 2, nullptr, nullptr, 0);
      seen = state_.exchange(2);
    }
  }
  void unlock() {
    if (state_.fetch_sub(1) == 1) return;
    state_ = 0;
    syscall(SYS_futex, &state_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
  }

 private:
  std::atomic<int> state_{0};  // 0 free, 1 locked, 2 locked and waited for
};

}  // namespace

int main() {
  Mutex mutex;
  int counter = 0;
  const auto count = [&] {
    for (int i = 0; i < 2; ++i) {
      mutex.lock();
      ++counter;
      mutex.unlock();
    }
  };
  std::thread one(count), two(count);
  count();
  one.join();
  two.join();
  std::printf("%d\n", counter);
  return 0;
}
