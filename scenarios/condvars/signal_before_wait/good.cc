// SPDX-License-Identifier: Apache-2.0
// The same signal; a flag remembers it, and who waits looks at the flag first.
//~ none
#include <memory>
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

struct Post {
  Mutex mutex;
  Cond cond{mutex};
  bool sent = false;
};

void println(const char*) {}

}  // namespace

CHICANE_SCENARIO(signal_before_wait, good) {
  auto post = std::make_shared<Post>();
  go([=] {
    std::lock_guard guard(post->mutex);
    while (!post->sent) post->cond.wait();
    println("received");
  });
  post->mutex.lock();
  post->sent = true;
  post->mutex.unlock();
  post->cond.signal();
}
