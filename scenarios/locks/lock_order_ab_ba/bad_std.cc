// SPDX-License-Identifier: Apache-2.0
// Notes S3:86, as C++ meets it: the order of the locks is the order of the arguments.
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {

struct Account {
  std::mutex mutex;
  int balance = 100;
};

void transfer(Account& from, Account& to, int amount) {
  std::lock_guard source(from.mutex);  //~ deadlock#ab holds [sched lockorder]: alice, or bob
  std::lock_guard target(to.mutex);    //~ deadlock#ab waits [sched lockorder]: the other way round
  from.balance -= amount;
  to.balance += amount;
}

}  // namespace

CHICANE_SCENARIO(lock_order_ab_ba, bad) {
  Account alice;
  Account bob;
  std::thread there([&] { transfer(alice, bob, 1); });
  std::thread back([&] { transfer(bob, alice, 2); });
  there.join();  //~ deadlock#ab waits [sched lockorder]: for a thread that waits for the other
  back.join();
}
