// SPDX-License-Identifier: Apache-2.0
// The same producers; the channel is closed once, after all of them.
//~ none
#include <memory>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

void println(int) {}

}  // namespace

CHICANE_SCENARIO(send_on_closed, good) {
  Chan<int> c;
  auto producers = std::make_shared<WaitGroup>();
  producers->go([=] { c.send(1); });
  producers->go([=] { c.send(2); });
  go([=] {
    producers->wait();
    c.close();
  });

  for (int v : c) println(v);
}
