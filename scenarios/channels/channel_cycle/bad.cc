// SPDX-License-Identifier: Apache-2.0
// A step from notes S1:29-51: two goroutines ask each other, each through the other's channel, and
// each asks before it answers.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
int ask_and_answer(Chan<int> ask, Chan<int> answer, int number) {
  ask.send(number);       //~ deadlock#cycle waits [sched]: the other one is sending, too
  return *answer.recv();  // never reached
}
}  // namespace

CHICANE_SCENARIO(channel_cycle, bad) {
  Chan<int> left;
  Chan<int> right;
  WaitGroup wg;
  wg.go([=] { ask_and_answer(left, right, 1); });
  wg.go([=] { ask_and_answer(right, left, 2); });
  wg.wait();  //~ deadlock#cycle waits [sched]: for both
}
