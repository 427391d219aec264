// SPDX-License-Identifier: Apache-2.0
// The same group; Add comes before the go statement.
//~ none
#include <cassert>
#include <memory>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

struct Group {
  WaitGroup wg;
  Atomic<int> replies;
};

}  // namespace

CHICANE_SCENARIO(add_inside_goroutine, good) {
  auto group = std::make_shared<Group>();
  for (int i = 0; i < 2; ++i) {
    group->wg.add(1);
    go([=] {
      group->replies.add(1);
      group->wg.done();
    });
  }
  group->wg.wait();
  assert(group->replies.load() == 2);
}
