// SPDX-License-Identifier: Apache-2.0
// Notes S0:9-17: `wg.Add(i)` where `wg.Add(1)` is meant: announces 0+1+2+3+4 for five goroutines.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

void println(int) {}

void send_rpc(int i) { println(i); }

}  // namespace

CHICANE_SCENARIO(add_wrong_count, bad) {
  WaitGroup wg;
  for (int i = 0; i < 5; ++i) {
    wg.add(i);
    go([&wg, x = i] {
      send_rpc(x);
      wg.done();  //~ negative-waitgroup#count done [sched]: the first one was announced with 0
    });
  }
  wg.wait();  //~ deadlock#count waits [sched]: ten announced, five done
}
