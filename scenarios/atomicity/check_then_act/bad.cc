// SPDX-License-Identifier: Apache-2.0
// Notes S1:620-622: "is it free?", and then, with the lock given up in between, "then it is mine".
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
constexpr int kFree = 0;

class Seat {
 public:
  bool is_free() {
    const std::lock_guard guard(mutex_);
    return owner_ == kFree;  //~ atomicity-violation#seat checks [sched]: true, but not for long
  }
  void give_to(int guest) {
    const std::lock_guard guard(mutex_);
    owner_ = guest;  //~ atomicity-violation#seat [sched]: who was told that it is free, and is late
  }
  void claim(int guest) {
    if (is_free()) give_to(guest);
  }

 private:
  std::mutex mutex_;
  int owner_ = kFree;
};
}  // namespace

CHICANE_SCENARIO(check_then_act, bad) {
  Seat seat;
  std::thread first([&] { seat.claim(1); });
  std::thread second([&] { seat.claim(2); });
  first.join();
  second.join();
}
