// SPDX-License-Identifier: Apache-2.0
// The same with std::thread: a stop that joins under the lock which the worker takes once more.
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Service {
  std::mutex mutex;
  bool stopping = false;
  int rounds = 0;
};

void work(Service& service) {
  for (bool stopping = false; !stopping;) {
    std::lock_guard lock(service.mutex);  //~ deadlock#stop waits [sched lockorder]: stop() has it
    stopping = service.stopping || ++service.rounds == 3;
  }
}

void stop(Service& service, std::thread& worker) {
  std::lock_guard lock(service.mutex);  //~ deadlock#stop holds [sched lockorder]: while it joins
  service.stopping = true;
  worker.join();  //~ deadlock#stop waits [sched lockorder]: for a worker that needs the lock
}
}  // namespace

CHICANE_SCENARIO(join_under_lock, bad) {
  Service service;
  std::thread worker([&] { work(service); });
  stop(service, worker);
}
