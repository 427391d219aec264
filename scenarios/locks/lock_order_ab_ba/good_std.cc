// SPDX-License-Identifier: Apache-2.0
// The same transfer; std::scoped_lock takes both locks or none.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {

struct Account {
  std::mutex mutex;
  int balance = 100;
};

void transfer(Account& from, Account& to, int amount) {
  std::scoped_lock both(from.mutex, to.mutex);
  from.balance -= amount;
  to.balance += amount;
}

}  // namespace

CHICANE_SCENARIO(lock_order_ab_ba, good) {
  Account alice;
  Account bob;
  std::thread there([&] { transfer(alice, bob, 1); });
  std::thread back([&] { transfer(bob, alice, 2); });
  there.join();
  back.join();
}
