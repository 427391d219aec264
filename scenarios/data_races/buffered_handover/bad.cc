// SPDX-License-Identifier: Apache-2.0
// A step from notes S2:75-83: a receive says that something is done, on a channel with a buffer.
#include <cassert>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(buffered_handover, bad) {
  Chan<bool> done(1);  // with a buffer the send waits for nobody
  int result = 0;
  WaitGroup wg;

  wg.go([&] {
    result = 42;  //~ data-race#result write [sched tsan]: before the receive, and that is no help
    done.recv();
  });
  done.send(true);
  const int seen = result;  //~ data-race#result read [sched tsan]: nobody need have received
  wg.wait();
  assert(seen == 42);  //~ assertion-failed#early [sched]: it was read before it was written
}
