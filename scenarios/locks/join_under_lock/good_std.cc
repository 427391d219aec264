// SPDX-License-Identifier: Apache-2.0
// The same service; stop() joins after it has let go of the lock.
//~ none
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
    std::lock_guard lock(service.mutex);
    stopping = service.stopping || ++service.rounds == 3;
  }
}

void stop(Service& service, std::thread& worker) {
  {
    std::lock_guard lock(service.mutex);
    service.stopping = true;
  }
  worker.join();
}
}  // namespace

CHICANE_SCENARIO(join_under_lock, good) {
  Service service;
  std::thread worker([&] { work(service); });
  stop(service, worker);
}
