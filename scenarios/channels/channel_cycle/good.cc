// SPDX-License-Identifier: Apache-2.0
// The same exchange; a buffer of one lets each send go ahead of its receive.
//~ none
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
int ask_and_answer(Chan<int> ask, Chan<int> answer, int number) {
  ask.send(number);
  return *answer.recv();
}
}  // namespace

CHICANE_SCENARIO(channel_cycle, good) {
  Chan<int> left(1);
  Chan<int> right(1);
  WaitGroup wg;
  wg.go([=] { ask_and_answer(left, right, 1); });
  wg.go([=] { ask_and_answer(right, left, 2); });
  wg.wait();
}
