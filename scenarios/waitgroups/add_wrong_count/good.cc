// SPDX-License-Identifier: Apache-2.0
// The same five calls; each goroutine counts for one.
//~ none
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

void println(int) {}

void send_rpc(int i) { println(i); }

}  // namespace

CHICANE_SCENARIO(add_wrong_count, good) {
  WaitGroup wg;
  for (int i = 0; i < 5; ++i) {
    wg.add(1);
    go([&wg, x = i] {
      send_rpc(x);
      wg.done();
    });
  }
  wg.wait();
}
