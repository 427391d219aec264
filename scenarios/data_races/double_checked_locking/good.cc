// SPDX-License-Identifier: Apache-2.0
// Notes S1:229-242: the singleton through sync.Once.
//~ none
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
  Once once;
};

StateMachineDal* get_state_machine_dal(Package& pkg) {
  pkg.once.call([&] { pkg.dal = new StateMachineDal{get_mysql_db()}; });
  return pkg.dal;
}
}  // namespace

CHICANE_SCENARIO(double_checked_locking, good) {
  Package pkg;
  WaitGroup wg;
  for (int i = 0; i < 2; i++) {
    wg.go([&] { query(get_state_machine_dal(pkg)->db); });
  }
  wg.wait();
  delete pkg.dal;
}
