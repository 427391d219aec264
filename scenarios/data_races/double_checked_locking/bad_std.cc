// SPDX-License-Identifier: Apache-2.0
// Notes S1:223-242 with std::mutex: the double check on a plain pointer.
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Dal {
  int db;
};

int connect() { return 1; }
void query(int db) { [[maybe_unused]] volatile int used = db; }

struct Singleton {
  Dal* dal = nullptr;
  std::mutex mutex;
};

Dal* get_dal(Singleton& singleton) {
  Dal* dal = singleton.dal;  //~ data-race#dal read [sched tsan]: the first check holds no lock
  if (dal == nullptr) {
    std::lock_guard lock(singleton.mutex);
    dal = singleton.dal;
    if (dal == nullptr) {
      dal = new Dal{connect()};  //~ data-race#contents write [sched tsan]: may arrive late
      singleton.dal = dal;       //~ data-race#dal write [sched tsan]: a plain store
    }
  }
  return dal;
}
}  // namespace

CHICANE_SCENARIO(double_checked_locking, bad) {
  Singleton singleton;
  auto use = [&] {
    query(get_dal(singleton)->db);  //~ data-race#contents read [sched tsan]: perhaps unset
  };
  std::thread first(use);
  std::thread second(use);
  first.join();
  second.join();
  delete singleton.dal;
}
