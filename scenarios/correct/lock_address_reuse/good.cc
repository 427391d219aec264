// SPDX-License-Identifier: Apache-2.0
// Two locks of different objects, one after the other at the same address: the orders A-B and B-A
// belong to different As.
//~ none
#include <mutex>
#include <new>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Job {
  std::mutex mutex;
  int done = 0;
};

struct Pool {
  std::mutex mutex;
  int finished = 0;
  alignas(Job) unsigned char room[sizeof(Job)];
};

// The job is only known to its own thread: nobody else can hold its lock.
void run_inside_out(Pool& pool) {
  Job* job = new (pool.room) Job;
  {
    std::lock_guard job_lock(job->mutex);
    std::lock_guard pool_lock(pool.mutex);
    pool.finished += ++job->done;
  }
  job->~Job();
}

void run_outside_in(Pool& pool) {
  Job* job = new (pool.room) Job;
  {
    std::lock_guard pool_lock(pool.mutex);
    std::lock_guard job_lock(job->mutex);
    pool.finished += ++job->done;
  }
  job->~Job();
}
}  // namespace

CHICANE_SCENARIO(lock_address_reuse, good) {
  Pool pool;
  std::thread first([&] { run_inside_out(pool); });
  first.join();
  std::thread second([&] { run_outside_in(pool); });
  second.join();
}
