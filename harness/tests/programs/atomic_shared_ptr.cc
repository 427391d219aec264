// SPDX-License-Identifier: Apache-2.0
//
// std::atomic<std::shared_ptr>, and the free functions for shared_ptr.
// stdout: ok
#include <atomic>
#include <cassert>
#include <cstdio>
#include <memory>
#include <thread>

int main() {
  std::atomic<std::shared_ptr<int>> published;
  std::shared_ptr<int> old_style;
  std::thread writer([&] {
    published.store(std::make_shared<int>(1));
    std::atomic_store(&old_style, std::make_shared<int>(2));
  });
  if (const auto seen = published.load()) assert(*seen == 1);
  if (const auto seen = std::atomic_load(&old_style)) assert(*seen == 2);
  writer.join();
  auto expected = published.load();
  assert(published.compare_exchange_strong(expected, nullptr));
  assert(*expected == 1 && !published.load());
  std::puts("ok");
  return 0;
}
