// SPDX-License-Identifier: Apache-2.0
// Notes S1:223-242: what the notes say Once does inside, written by hand with a plain pointer.
#include <mutex>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;

namespace {
struct StateMachineDal {
  int db;
};

int get_mysql_db() { return 1; }
void query(int db) { [[maybe_unused]] volatile int used = db; }

// The package's variables.
struct Package {
  StateMachineDal* dal = nullptr;
  Mutex mu;
};

StateMachineDal* get_state_machine_dal(Package& pkg) {
  StateMachineDal* dal = pkg.dal;  //~ data-race#dal read [sched tsan]: the first check has no lock
  if (dal == nullptr) {
    std::lock_guard guard(pkg.mu);
    dal = pkg.dal;
    if (dal == nullptr) {
      dal = new StateMachineDal{get_mysql_db()};  //~ data-race#contents write [sched tsan]
      pkg.dal = dal;  //~ data-race#dal write [sched tsan]: published to readers that take no lock
    }
  }
  return dal;
}
}  // namespace

CHICANE_SCENARIO(double_checked_locking, bad) {
  Package pkg;
  WaitGroup wg;
  for (int i = 0; i < 2; i++) {
    wg.go([&] {
      query(get_state_machine_dal(pkg)->db);  //~ data-race#contents read [sched tsan]: may be unset
    });
  }
  wg.wait();
  delete pkg.dal;
}
