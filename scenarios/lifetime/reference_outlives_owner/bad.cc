// SPDX-License-Identifier: Apache-2.0
// A step from notes S0:128-168: a request starts an audit in the background and returns.
#include <atomic>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(reference_outlives_owner, bad) {
  std::atomic<bool> audited = false;
  std::thread request([&audited] {
    int answer = 42;
    std::thread audit([&answer, &audited] {
      std::this_thread::yield();
      answer = 0;  //~ use-after-free#answer write [sched]: whose answer is that by now?
      audited = true;
    });
    audit.detach();
  });
  request.join();
  while (!audited) std::this_thread::yield();
}
