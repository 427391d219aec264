// SPDX-License-Identifier: Apache-2.0
//
// expect: self-deadlock holds@first waits@second
// native: no, because it never ends
#include <pthread.h>

int main() {
  pthread_spinlock_t lock;
  pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
  pthread_spin_lock(&lock);  //~ first
  pthread_spin_lock(&lock);  //~ second
  return 0;
}
