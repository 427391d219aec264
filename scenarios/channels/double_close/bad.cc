// SPDX-License-Identifier: Apache-2.0
// Notes S1:10,627: a channel must be closed in the end, and each of two goroutines does it.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

void println(const char*) {}

}  // namespace

CHICANE_SCENARIO(double_close, bad) {
  Chan<Unit> closing;
  const auto shut_down = [=](const char* why) {
    println(why);
    closing.close();  //~ close-of-closed#both [sched]: whoever comes second panics
  };
  go([=] { shut_down("signal"); });
  go([=] { shut_down("connection lost"); });
  closing.recv();
}
