// SPDX-License-Identifier: Apache-2.0
//
// jthread asks to stop and joins; a stop callback runs; condition_variable_any waits with a token.
// stdout: stopped
#include <cassert>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stop_token>
#include <thread>

int main() {
  std::mutex mutex;
  std::condition_variable_any never;
  [[maybe_unused]] bool called = false;
  bool stopped = false;
  {
    std::jthread thread([&](std::stop_token token) {
      std::stop_callback callback(token, [&] { called = true; });  // or it is gone before
      std::unique_lock lock(mutex);
      stopped = !never.wait(lock, token, [] { return false; }) && token.stop_requested();
    });
  }
  assert(stopped);
  std::puts("stopped");
  return 0;
}
