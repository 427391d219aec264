// SPDX-License-Identifier: Apache-2.0
// Notes S0:57-67 with std::mutex: an early return between lock() and unlock().
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {

class Ticker {
 public:
  bool tick() {
    mutex_.lock();  //~ lock-leak#return locked [sched]: the return below skips the unlock
    if (done_) return false;
    ++ticks_;
    mutex_.unlock();
    return true;
  }
  void stop() {
    std::lock_guard guard(mutex_);
    done_ = true;
  }

 private:
  std::mutex mutex_;
  bool done_ = false;
  int ticks_ = 0;
};

}  // namespace

CHICANE_SCENARIO(return_with_lock_held, bad) {
  Ticker ticker;
  ticker.stop();
  std::thread periodic([&] {
    while (ticker.tick()) std::this_thread::yield();
  });
  periodic.join();
}
