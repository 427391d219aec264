// SPDX-License-Identifier: Apache-2.0
// Notes S1:141 with std::mutex: locked here, unlocked by the thread that ends the work.
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {

struct Order {
  std::mutex mutex;
  bool shipped = false;
};

}  // namespace

CHICANE_SCENARIO(unlock_by_non_owner, bad) {
  Order order;
  order.mutex.lock();
  std::thread worker([&] {
    order.shipped = true;
    order.mutex.unlock();  //~ unlock-by-non-owner#worker unlock [sched tsan]: main owns it
  });
  worker.join();
}
