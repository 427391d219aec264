// SPDX-License-Identifier: Apache-2.0
// The same; the lock covers the count only.
//~ none
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

CHICANE_SCENARIO(send_under_lock, good) {
  Stats stats;
  Chan<int> c;
  WaitGroup wg;

  wg.go([&] {
    {
      std::lock_guard guard(stats.mutex);
      ++stats.sent;
    }
    c.send(1);
  });
  wg.go([&] {
    {
      std::lock_guard guard(stats.mutex);
      ++stats.received;
    }
    c.recv();
  });
  wg.wait();
}
