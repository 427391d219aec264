// SPDX-License-Identifier: Apache-2.0
// The same work; the thread that does it locks and unlocks.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {

struct Order {
  std::mutex mutex;
  bool shipped = false;
};

}  // namespace

CHICANE_SCENARIO(unlock_by_non_owner, good) {
  Order order;
  std::thread worker([&] {
    order.mutex.lock();
    order.shipped = true;
    order.mutex.unlock();
  });
  worker.join();
}
