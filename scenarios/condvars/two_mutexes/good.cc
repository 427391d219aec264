// SPDX-License-Identifier: Apache-2.0
// The same; each lock has a condition of its own.
//~ none
#include <condition_variable>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Queue {
  std::mutex in_mutex;
  std::mutex out_mutex;
  std::condition_variable in_changed;
  std::condition_variable out_changed;
  bool open = false;
};

void wait_until_open(Queue& queue, std::mutex& mutex, std::condition_variable& changed) {
  std::unique_lock lock(mutex);
  while (!queue.open) changed.wait(lock);
}
}  // namespace

CHICANE_SCENARIO(two_mutexes, good) {
  Queue queue;
  std::thread in([&] { wait_until_open(queue, queue.in_mutex, queue.in_changed); });
  std::thread out([&] { wait_until_open(queue, queue.out_mutex, queue.out_changed); });
  {
    std::scoped_lock both(queue.in_mutex, queue.out_mutex);
    queue.open = true;
  }
  queue.in_changed.notify_all();
  queue.out_changed.notify_all();
  in.join();
  out.join();
}
