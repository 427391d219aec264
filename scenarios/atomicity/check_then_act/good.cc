// SPDX-License-Identifier: Apache-2.0
// Notes S1:620-622: the answer and what is done because of it are one critical section.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
constexpr int kFree = 0;

class Seat {
 public:
  bool is_free() const { return owner_ == kFree; }
  void give_to(int guest) { owner_ = guest; }
  void claim(int guest) {
    const std::lock_guard guard(mutex_);
    if (is_free()) give_to(guest);
  }

 private:
  std::mutex mutex_;
  int owner_ = kFree;
};
}  // namespace

CHICANE_SCENARIO(check_then_act, good) {
  Seat seat;
  std::thread first([&] { seat.claim(1); });
  std::thread second([&] { seat.claim(2); });
  first.join();
  second.join();
}
