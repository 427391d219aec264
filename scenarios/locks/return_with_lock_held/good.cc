// SPDX-License-Identifier: Apache-2.0
// The same `periodic`; the early return unlocks as well.
//~ none
#include <chrono>
#include <memory>

#include "chicane/golang.h"
#include "chicane/scenario.h"

using namespace chicane::golang;
using namespace std::chrono_literals;

namespace {

struct Raft {
  Mutex mu;
  bool done = false;
};

void println(const char*) {}

void periodic(const std::shared_ptr<Raft>& raft) {
  for (;;) {
    println("tick");
    sleep(1s);
    raft->mu.lock();
    if (raft->done) {
      raft->mu.unlock();
      return;
    }
    raft->mu.unlock();
  }
}

}  // namespace

CHICANE_SCENARIO(return_with_lock_held, good) {
  auto raft = std::make_shared<Raft>();
  println("started");
  go([=] { periodic(raft); });
  sleep(2s);
  raft->mu.lock();
  raft->done = true;
  raft->mu.unlock();
  println("cancelled");
}
