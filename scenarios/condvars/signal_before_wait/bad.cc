// SPDX-License-Identifier: Apache-2.0
// Notes S1:64-76: nothing keeps `cond.Signal()` from coming before `cond.Wait()`.
#include <memory>
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

struct Post {
  Mutex mutex;
  Cond cond{mutex};
};

void println(const char*) {}

}  // namespace

CHICANE_SCENARIO(signal_before_wait, bad) {
  auto post = std::make_shared<Post>();
  go([=] {
    std::lock_guard guard(post->mutex);
    post->cond.wait();  //~ lost-wakeup#signal waits [sched]: a signal is not remembered
    println("received");
  });
  post->cond.signal();  //~ lost-wakeup#signal signals [sched]: wakes nobody when nobody waits yet
}
