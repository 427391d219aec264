// SPDX-License-Identifier: Apache-2.0
// The same snapshot, of the data only; it has a lock of its own.
//~ none
#include <pthread.h>

#include "chicane/scenario.h"

namespace {
struct Account {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  int balance = 100;
};
}  // namespace

CHICANE_SCENARIO(copied_mutex, good) {
  Account account, snapshot;

  pthread_mutex_lock(&account.mutex);
  snapshot.balance = account.balance;
  pthread_mutex_unlock(&account.mutex);

  pthread_mutex_lock(&snapshot.mutex);
  snapshot.balance -= 10;
  pthread_mutex_unlock(&snapshot.mutex);
}
