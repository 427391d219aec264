// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:86 with std::mutex: the cycle between two accounts lies under one gate.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Account {
  std::mutex mutex;
  int balance = 100;
};

void transfer(std::mutex& gate, Account& from, Account& to) {
  std::lock_guard gate_lock(gate);
  std::lock_guard from_lock(from.mutex);
  std::lock_guard to_lock(to.mutex);
  --from.balance;
  ++to.balance;
}
}  // namespace

CHICANE_SCENARIO(gate_lock, good) {
  std::mutex gate;
  Account alice;
  Account bob;
  std::thread there([&] { transfer(gate, alice, bob); });
  std::thread back([&] { transfer(gate, bob, alice); });
  there.join();
  back.join();
}
