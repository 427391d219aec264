// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:86: A then B ends before B then A begins.
//~ none
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
struct Account {
  Mutex mu;
  int balance = 100;
};

void transfer(Account& from, Account& to) {
  std::lock_guard from_guard(from.mu);
  std::lock_guard to_guard(to.mu);
  from.balance--;
  to.balance++;
}
}  // namespace

CHICANE_SCENARIO(order_by_join, good) {
  Account alice;
  Account bob;
  WaitGroup wg;
  wg.go([&] { transfer(alice, bob); });
  wg.wait();
  wg.go([&] { transfer(bob, alice); });
  wg.wait();
}
