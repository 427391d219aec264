// SPDX-License-Identifier: Apache-2.0
// Notes S1:146 with std::mutex: a public member function calls another one, and both lock.
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

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
  std::mutex mutex_;
  int balance_ = 0;
};

}  // namespace

CHICANE_SCENARIO(relock, bad) {
  Account account;
  std::thread client([&] { account.deposit(1); });
  client.join();
}
