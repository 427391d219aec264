// SPDX-License-Identifier: Apache-2.0
// A step from notes S1:66: a snapshot under the lock, which takes the lock along.
#include <pthread.h>

#include "chicane/scenario.h"

namespace {
struct Account {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  int balance = 100;
};
}  // namespace

CHICANE_SCENARIO(copied_mutex, bad) {
  Account account;

  pthread_mutex_lock(&account.mutex);
  Account snapshot = account;
  pthread_mutex_unlock(&account.mutex);

  pthread_mutex_lock(&snapshot.mutex);  //~ copied-lock#snapshot use [sched]: copied as it was: held
  snapshot.balance -= 10;
  pthread_mutex_unlock(&snapshot.mutex);
}
