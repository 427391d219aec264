// SPDX-License-Identifier: Apache-2.0
// The same two lines, the receiver first.
//~ none
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

void println(int) {}

}  // namespace

CHICANE_SCENARIO(no_partner, good) {
  Chan<int> c;
  go([=] { println(*c.recv()); });
  c.send(1);
}
