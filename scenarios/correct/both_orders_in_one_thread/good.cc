// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:86: A then B, and B then A, but the same thread does both.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Accounts {
  std::mutex alice_mutex;
  std::mutex bob_mutex;
  int alice = 100;
  int bob = 100;
};

void settle(Accounts& accounts) {
  {
    std::lock_guard alice(accounts.alice_mutex);
    std::lock_guard bob(accounts.bob_mutex);
    accounts.alice -= 1;
    accounts.bob += 1;
  }
  std::lock_guard bob(accounts.bob_mutex);
  std::lock_guard alice(accounts.alice_mutex);
  accounts.bob -= 2;
  accounts.alice += 2;
}

int alice_of(Accounts& accounts) {
  std::lock_guard alice(accounts.alice_mutex);
  return accounts.alice;
}
}  // namespace

CHICANE_SCENARIO(both_orders_in_one_thread, good) {
  Accounts accounts;
  std::thread settler([&] { settle(accounts); });
  std::thread reader([&] { alice_of(accounts); });
  settler.join();
  reader.join();
}
