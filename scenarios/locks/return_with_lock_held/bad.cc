// SPDX-License-Identifier: Apache-2.0
// Notes S0:57-67: `periodic` returns out of its loop, the lock that it took stays locked.
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
    raft->mu.lock();  //~ lock-leak#return locked [sched thread-safety]: the return skips the unlock
    if (raft->done) {
      return;
    }
    raft->mu.unlock();
  }
}

}  // namespace

CHICANE_SCENARIO(return_with_lock_held, bad) {
  auto raft = std::make_shared<Raft>();
  println("started");
  go([=] { periodic(raft); });
  sleep(2s);
  raft->mu.lock();
  raft->done = true;
  raft->mu.unlock();
  println("cancelled");
}
