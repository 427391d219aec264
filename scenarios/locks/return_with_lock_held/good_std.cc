// SPDX-License-Identifier: Apache-2.0
// The same Ticker; a guard unlocks on every way out.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {

class Ticker {
 public:
  bool tick() {
    std::lock_guard guard(mutex_);
    if (done_) return false;
    ++ticks_;
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

CHICANE_SCENARIO(return_with_lock_held, good) {
  Ticker ticker;
  ticker.stop();
  std::thread periodic([&] {
    while (ticker.tick()) std::this_thread::yield();
  });
  periodic.join();
}
