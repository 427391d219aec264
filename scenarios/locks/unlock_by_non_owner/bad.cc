// SPDX-License-Identifier: Apache-2.0
// Notes S1:141: a goroutine frees a lock that is not its own, the owner then finds it unlocked.
#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

struct Job {
  Mutex mu;
  int done = 0;
};

/// Does the job, unless somebody else is doing it.
void work(Job& job) {
  if (job.mu.try_lock()) {  //~ lock-leak#mu [thread-safety]: held on one path only
    ++job.done;
  }
  job.mu.unlock();  //~ unlock-of-unlocked#mu unlock [sched thread-safety]: also when it was busy
}

}  // namespace

CHICANE_SCENARIO(unlock_by_non_owner, bad) {
  Job job;
  WaitGroup wg;
  wg.go([&] { work(job); });
  wg.go([&] { work(job); });
  wg.wait();
}
