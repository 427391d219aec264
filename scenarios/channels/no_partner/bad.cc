// SPDX-License-Identifier: Apache-2.0
// Notes S0:174-176, S4:45: an unbuffered send waits for a receiver, and none is running yet.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

void println(int) {}

}  // namespace

CHICANE_SCENARIO(no_partner, bad) {
  Chan<int> c;
  c.send(1);  //~ deadlock#send waits [sched]: the receiver is started by the next line
  go([=] { println(*c.recv()); });
}
