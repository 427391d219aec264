// SPDX-License-Identifier: Apache-2.0
// Notes S0:136 say that a condition may only be signalled with its lock held. The state must change
// under the lock; the signal itself needs none.
//~ none
#include <condition_variable>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Mailbox {
  std::mutex mutex;
  std::condition_variable filled;
  int letter = 0;
};

void post(Mailbox& box, int letter) {
  {
    std::lock_guard lock(box.mutex);
    box.letter = letter;
  }
  box.filled.notify_one();
}

int take(Mailbox& box) {
  std::unique_lock lock(box.mutex);
  box.filled.wait(lock, [&] { return box.letter != 0; });
  return box.letter;
}
}  // namespace

CHICANE_SCENARIO(notify_after_unlock, good) {
  Mailbox box;
  std::thread taker([&] { take(box); });
  std::thread poster([&] { post(box, 7); });
  taker.join();
  poster.join();
}
