// SPDX-License-Identifier: Apache-2.0
// Notes S1:223-242 with std::mutex: the store releases what the first check acquires.
//~ none
#include <atomic>
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
  std::atomic<Dal*> dal = nullptr;
  std::mutex mutex;
};

Dal* get_dal(Singleton& singleton) {
  Dal* dal = singleton.dal.load(std::memory_order_acquire);
  if (dal == nullptr) {
    std::lock_guard lock(singleton.mutex);
    dal = singleton.dal.load(std::memory_order_relaxed);
    if (dal == nullptr) {
      dal = new Dal{connect()};
      singleton.dal.store(dal, std::memory_order_release);
    }
  }
  return dal;
}
}  // namespace

CHICANE_SCENARIO(double_checked_locking, good) {
  Singleton singleton;
  auto use = [&] { query(get_dal(singleton)->db); };
  std::thread first(use);
  std::thread second(use);
  first.join();
  second.join();
  delete singleton.dal.load();
}
