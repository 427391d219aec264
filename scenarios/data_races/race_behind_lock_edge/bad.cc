// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:35-49: the writes stand outside of the critical sections, which happen to
// lie between them in most runs.
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(race_behind_lock_edge, bad) {
  Mutex mutex;
  int version = 0;
  int readers = 0;
  WaitGroup wg;

  wg.go([&] {
    version = 1;  //~ data-race#version write [sched tsan]: before the lock, so not under it
    std::lock_guard guard(mutex);
    ++readers;
  });
  wg.go([&] {
    {
      std::lock_guard guard(mutex);
      ++readers;
    }
    version = 2;  //~ data-race#version write [sched tsan]: after the unlock: not under it either
  });
  wg.wait();
}
