// SPDX-License-Identifier: Apache-2.0
// The same workers; each looks again whenever it wakes.
//~ none
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Jobs {
  std::mutex mutex;
  std::condition_variable added;
  std::queue<int> queue;
};

void work(Jobs& jobs) {
  std::unique_lock lock(jobs.mutex);
  while (jobs.queue.empty()) jobs.added.wait(lock);
  assert(!jobs.queue.empty());
  jobs.queue.pop();
}

void add(Jobs& jobs, int job) {
  std::lock_guard lock(jobs.mutex);
  jobs.queue.push(job);
  jobs.added.notify_one();
}
}  // namespace

CHICANE_SCENARIO(wait_without_predicate, good) {
  Jobs jobs;
  std::thread first([&] { work(jobs); });
  std::thread second([&] { work(jobs); });
  add(jobs, 1);
  add(jobs, 2);
  first.join();
  second.join();
}
