// SPDX-License-Identifier: Apache-2.0
// Notes S1:146: a lock that is taken blocks who asks for it, also the one who has it.
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {

void println(int) {}

class Account {
 public:
  int balance() {
    std::lock_guard guard(mutex_);  //~ self-deadlock#mutex waits [sched lockorder]: held already
    return balance_;
  }
  void deposit(int amount) {
    std::lock_guard guard(mutex_);  //~ self-deadlock#mutex holds [sched lockorder]: until the }
    balance_ += amount;
    println(balance());
  }

 private:
  Mutex mutex_;
  int balance_ = 0;
};

}  // namespace

CHICANE_SCENARIO(relock, bad) {
  Account account;
  WaitGroup wg;
  wg.go([&] { account.deposit(1); });
  wg.wait();
}
