// SPDX-License-Identifier: Apache-2.0
// The same audit; it has an answer of its own.
//~ none
#include <atomic>
#include <thread>

#include "chicane/scenario.h"

CHICANE_SCENARIO(reference_outlives_owner, good) {
  std::atomic<bool> audited = false;
  std::thread request([&audited] {
    int answer = 42;
    std::thread audit([answer, &audited]() mutable {
      std::this_thread::yield();
      answer = 0;
      audited = true;
    });
    audit.detach();
  });
  request.join();
  while (!audited) std::this_thread::yield();
}
