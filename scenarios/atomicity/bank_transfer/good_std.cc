// SPDX-License-Identifier: Apache-2.0
// Notes S0:73-110 with std::mutex: the lock is held for as long as the sum is wrong.
//~ none
#include <cassert>
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Bank {
  std::mutex mutex;
  int alice = 10000;
  int bob = 10000;
};

void transfer(Bank& bank, int amount) {
  std::lock_guard lock(bank.mutex);
  bank.alice -= amount;
  bank.bob += amount;
}

int total(Bank& bank) {
  std::lock_guard lock(bank.mutex);
  return bank.alice + bank.bob;
}
}  // namespace

CHICANE_SCENARIO(bank_transfer, good) {
  Bank bank;
  std::thread there([&] { transfer(bank, 1); });
  std::thread back([&] { transfer(bank, -1); });
  assert(total(bank) == 20000);
  there.join();
  back.join();
}
