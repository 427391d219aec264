// SPDX-License-Identifier: Apache-2.0
// A step from notes S1:66: one condition, and two kinds of waiters that each bring a lock of their
// own.
#include <condition_variable>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Queue {
  std::mutex in_mutex;
  std::mutex out_mutex;
  std::condition_variable changed;
  bool open = false;
};

void wait_until_open(Queue& queue, std::mutex& mutex) {
  std::unique_lock lock(mutex);
  while (!queue.open) queue.changed.wait(lock);  //~ wait-with-other-lock#cv wait [sched]: in or out
}
}  // namespace

CHICANE_SCENARIO(two_mutexes, bad) {
  Queue queue;
  std::thread in([&] { wait_until_open(queue, queue.in_mutex); });
  std::thread out([&] { wait_until_open(queue, queue.out_mutex); });
  {
    std::scoped_lock both(queue.in_mutex, queue.out_mutex);
    queue.open = true;
  }
  queue.changed.notify_all();
  in.join();
  out.join();
}
