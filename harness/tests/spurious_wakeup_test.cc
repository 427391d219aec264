// SPDX-License-Identifier: Apache-2.0
//
// A wait without a predicate is right until it returns without a signal: the sched leg lets it, in
// some of its runs, and the schedule says so.
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "expect.h"

namespace chicane::tests {
namespace {

struct Mailbox {
  std::mutex mutex;
  std::condition_variable changed;
  bool waiting = false, full = false;
};

void put(Mailbox& box) {
  for (;;) {
    const std::lock_guard guard(box.mutex);
    if (!box.waiting) continue;
    box.full = true;
    box.changed.notify_one();
    return;
  }
}

TEST(SpuriousWakeups, FindAWaitWithoutAPredicate) {
  expect_found(
      [] {
        Mailbox box;
        std::thread sender([&] { put(box); });
        {
          std::unique_lock lock(box.mutex);
          box.waiting = true;
          box.changed.wait(lock);  // the signal cannot come before it
          assert(box.full);        //~ taken-for-granted
        }
        sender.join();
      },
      {"assertion-failed asserts@taken-for-granted"});
}

TEST(SpuriousWakeups, DoNoHarmToALoop) {
  expect_clean([] {
    Mailbox box;
    std::thread sender([&] { put(box); });
    {
      std::unique_lock lock(box.mutex);
      box.waiting = true;
      box.changed.wait(lock, [&] { return box.full; });
      assert(box.full);
    }
    sender.join();
  });
}

}  // namespace
}  // namespace chicane::tests
