// SPDX-License-Identifier: Apache-2.0
//
// Values, exceptions and broken promises come through; waits have time-outs; a shared future has
// several readers; what comes before set_value comes before what comes after get.
// stdout: ok
#include <cassert>
#include <chrono>
#include <cstdio>
#include <future>
#include <stdexcept>
#include <thread>

using namespace std::chrono_literals;

int main() {
  int plain = 0;
  std::promise<int> promise;
  std::shared_future<int> shared = promise.get_future().share();
  std::thread setter([&] {
    plain = 1;
    promise.set_value(2);
  });
  std::thread reader([shared, &plain] { assert(shared.get() == 2 && plain == 1); });
  if (shared.wait_for(1ms) == std::future_status::ready) assert(plain == 1);
  assert(shared.get() == 2 && plain == 1);
  setter.join();
  reader.join();

  std::promise<void> failing;
  std::thread thrower(
      [&] { failing.set_exception(std::make_exception_ptr(std::runtime_error("no"))); });
  try {
    failing.get_future().get();
    assert(false);
  } catch (const std::runtime_error&) {
  }
  thrower.join();

  std::promise<int> at_exit;
  std::future<int> late = at_exit.get_future();
  std::thread leaver([&] {
    at_exit.set_value_at_thread_exit(3);
    plain = 4;
  });
  assert(late.get() == 3 && plain == 4);
  leaver.join();

  std::future<int> broken = std::promise<int>().get_future();
  try {
    broken.get();
    assert(false);
  } catch (const std::future_error&) {
  }
  std::puts("ok");
  return 0;
}
