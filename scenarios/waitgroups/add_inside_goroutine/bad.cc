// SPDX-License-Identifier: Apache-2.0
// Notes S4:74: "Add may also be called inside of the goroutine": Wait may be over before it runs.
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

CHICANE_SCENARIO(add_inside_goroutine, bad) {
  auto group = std::make_shared<Group>();
  for (int i = 0; i < 2; ++i) {
    go([=] {
      group->wg.add(1);  //~ waitgroup-misuse#late add [sched]: may come when nobody waits any more
      group->replies.add(1);
      group->wg.done();
    });
  }
  group->wg.wait();  //~ waitgroup-misuse#late wait [sched]: finds zero, and goes on
  assert(group->replies.load() == 2);  //~ assertion-failed#early [sched]: some have not run
}
