// SPDX-License-Identifier: Apache-2.0
// The same channel without a buffer: a send is not over before it is received.
//~ none
#include <cassert>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

CHICANE_SCENARIO(buffered_handover, good) {
  Chan<bool> done;
  int result = 0;
  WaitGroup wg;

  wg.go([&] {
    result = 42;
    done.recv();
  });
  done.send(true);
  const int seen = result;
  wg.wait();
  assert(seen == 42);
}
