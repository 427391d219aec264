// SPDX-License-Identifier: Apache-2.0
//
// shared_timed_mutex, recursive_timed_mutex, timed_mutex.
// stdout: ok
#include <cassert>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <shared_mutex>
#include <thread>

using namespace std::chrono_literals;

int main() {
  std::shared_timed_mutex shared;
  std::recursive_timed_mutex recursive;
  std::timed_mutex timed;
  int value = 0;
  recursive.lock();
  assert(recursive.try_lock_for(1ms));
  timed.lock();
  shared.lock_shared();
  std::thread other([&] {
    assert(!recursive.try_lock_for(1ms));
    assert(!timed.try_lock_until(std::chrono::steady_clock::now() + 1ms));
    assert(!shared.try_lock_for(1ms));
    assert(shared.try_lock_shared_until(std::chrono::system_clock::now() + 1h));
    assert(value == 0);
    shared.unlock_shared();
  });
  other.join();
  shared.unlock_shared();
  std::thread writer([&] {
    const std::lock_guard guard(shared);
    value = 1;
  });
  {
    const std::shared_lock guard(shared);
    assert(value == 0 || value == 1);
  }
  writer.join();
  timed.unlock();
  recursive.unlock();
  recursive.unlock();
  std::puts("ok");
  return 0;
}
