// SPDX-License-Identifier: Apache-2.0
// The same job; only the goroutine that has got the lock gives it back.
//~ none
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
  if (job.mu.try_lock()) {
    ++job.done;
    job.mu.unlock();
  }
}

}  // namespace

CHICANE_SCENARIO(unlock_by_non_owner, good) {
  Job job;
  WaitGroup wg;
  wg.go([&] { work(job); });
  wg.go([&] { work(job); });
  wg.wait();
}
