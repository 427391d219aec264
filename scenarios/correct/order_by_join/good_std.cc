// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:86 with std::thread: the join stands between A-B and B-A.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Account {
  std::mutex mutex;
  int balance = 100;
};

void transfer(Account& from, Account& to) {
  std::lock_guard from_lock(from.mutex);
  std::lock_guard to_lock(to.mutex);
  --from.balance;
  ++to.balance;
}
}  // namespace

CHICANE_SCENARIO(order_by_join, good) {
  Account alice;
  Account bob;
  std::thread there([&] { transfer(alice, bob); });
  there.join();
  std::thread back([&] { transfer(bob, alice); });
  back.join();
}
