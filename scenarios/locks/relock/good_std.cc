// SPDX-License-Identifier: Apache-2.0
// The same account; what runs under the lock calls what expects the lock to be held.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {

void println(int) {}

class Account {
 public:
  int balance() {
    std::lock_guard guard(mutex_);
    return balance_locked();
  }
  void deposit(int amount) {
    std::lock_guard guard(mutex_);
    balance_ += amount;
    println(balance_locked());
  }

 private:
  int balance_locked() const { return balance_; }

  std::mutex mutex_;
  int balance_ = 0;
};

}  // namespace

CHICANE_SCENARIO(relock, good) {
  Account account;
  std::thread client([&] { account.deposit(1); });
  client.join();
}
