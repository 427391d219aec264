// SPDX-License-Identifier: Apache-2.0
// Notes S1:10-11: the producer closes the channel when it is done, but it is not the only producer.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

void println(int) {}

}  // namespace

CHICANE_SCENARIO(send_on_closed, bad) {
  Chan<int> c;
  go([=] {
    c.send(1);
    c.close();  //~ send-on-closed#producer closed [sched]: the other producer may not have sent yet
  });
  go([=] {
    c.send(2);  //~ send-on-closed#producer send [sched]: also when it waits here already
  });

  for (int v : c) println(v);
}
