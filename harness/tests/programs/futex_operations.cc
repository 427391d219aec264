// SPDX-License-Identifier: Apache-2.0
//
// Bitsets, requeue, wake-op, time-outs of both kinds, and the errors.
// stdout: ok
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <thread>

static long futex(std::atomic<int>* word, int operation, int value, const timespec* time = nullptr,
                  std::atomic<int>* second = nullptr, unsigned last = 0) {
  return syscall(SYS_futex, word, operation, value, time, second, last);
}
static const timespec* count(long n) { return reinterpret_cast<const timespec*>(n); }

static void check_errors() {
  std::atomic<int> word{1};
  assert(futex(&word, FUTEX_WAIT, 0) == -1 && errno == EAGAIN);
  const timespec moment{0, 1'000'000};
  assert(futex(&word, FUTEX_WAIT, 1, &moment) == -1 && errno == ETIMEDOUT);
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  assert(futex(&word, FUTEX_WAIT_BITSET, 1, &time, nullptr, 1) == -1 && errno == ETIMEDOUT);
  clock_gettime(CLOCK_REALTIME, &time);
  assert(futex(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 1, &time, nullptr, 1) == -1 &&
         errno == ETIMEDOUT);
  assert(futex(&word, FUTEX_WAIT_BITSET, 1, nullptr, nullptr, 0) == -1 && errno == EINVAL);
  assert(futex(&word, FUTEX_WAKE, 1) == 0);
  assert(futex(&word, FUTEX_CMP_REQUEUE, 1, count(1), &word, 5) == -1 && errno == EAGAIN);
}

// A waiter that waits by one bit is not woken by the other.
static void check_bitset() {
  std::atomic<int> word{0};
  std::thread waiter([&] {
    while (futex(&word, FUTEX_WAIT_BITSET, 0, nullptr, nullptr, 2) == 0 && word == 0) {
    }
  });
  assert(futex(&word, FUTEX_WAKE_BITSET, 9, nullptr, nullptr, 1) == 0);
  word = 1;
  futex(&word, FUTEX_WAKE_BITSET, 9, nullptr, nullptr, 3);
  waiter.join();
}

// Those who wait at the first word are moved to the second, and woken there. A wait that the kernel
// begins anew (after a stop, or a late wake-up that was meant for the thread's last wait) is at the
// first word again, and is moved once more.
static void check_requeue() {
  std::atomic<int> word{0}, second{0};
  const auto wait = [&] { futex(&word, FUTEX_WAIT, 0); };
  std::thread one(wait), two(wait);
  long moved = 0, woken = 0;
  while (woken < 2) {
    moved += futex(&word, FUTEX_CMP_REQUEUE, 0, count(9), &second, 0);
    woken += futex(&second, FUTEX_WAKE, 9);
  }
  assert(woken == 2 && moved >= 2);
  assert(futex(&word, FUTEX_WAKE, 9) == 0);
  one.join();
  two.join();
}

// Adds to the second word, and wakes at both if it was 0.
static void check_wake_op() {
  std::atomic<int> word{0}, second{0};
  std::thread waiter([&] { futex(&word, FUTEX_WAIT, 0); });
  while (futex(&word, FUTEX_WAKE_OP, 1, count(1), &second,
               FUTEX_OP(FUTEX_OP_ADD, 5, FUTEX_OP_CMP_EQ, 0)) == 0) {
  }
  assert(second >= 5 && second % 5 == 0);
  waiter.join();
}

int main() {
  check_errors();
  check_bitset();
  check_requeue();
  check_wake_op();
  std::puts("ok");
  return 0;
}
