// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:86: A then B, B then A, but never both at once: a third lock is held.
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

void transfer(Mutex& gate, Account& from, Account& to) {
  std::lock_guard gate_guard(gate);
  std::lock_guard from_guard(from.mu);
  std::lock_guard to_guard(to.mu);
  from.balance--;
  to.balance++;
}
}  // namespace

CHICANE_SCENARIO(gate_lock, good) {
  Mutex gate;
  Account alice;
  Account bob;
  WaitGroup wg;
  wg.go([&] { transfer(gate, alice, bob); });
  wg.go([&] { transfer(gate, bob, alice); });
  wg.wait();
}
