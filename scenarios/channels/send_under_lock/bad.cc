// SPDX-License-Identifier: Apache-2.0
// A step from notes S0:180-191: sends while holding the lock that the receiver takes first.
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
struct Stats {
  Mutex mutex;
  int sent = 0;
  int received = 0;
};
}  // namespace

CHICANE_SCENARIO(send_under_lock, bad) {
  Stats stats;
  Chan<int> c;
  WaitGroup wg;

  wg.go([&] {
    std::lock_guard guard(stats.mutex);  //~ deadlock#both holds [sched lockorder]: across the send
    ++stats.sent;
    c.send(1);  //~ deadlock#both waits [sched lockorder]: nobody receives
  });
  wg.go([&] {
    {
      std::lock_guard guard(stats.mutex);  //~ deadlock#both waits [sched lockorder]: it is taken
      ++stats.received;
    }
    c.recv();
  });
  wg.wait();  //~ deadlock#both waits [sched lockorder]: for both
}
