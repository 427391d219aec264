// SPDX-License-Identifier: Apache-2.0
//
// A new object at an old one's address has none of its history: no race with the old one's users,
// no order through the old one's lock, no lock cycle with it.
// stdout: ok
#include <cstdio>
#include <memory>
#include <mutex>
#include <thread>

namespace {

struct Pair {
  std::mutex first, second;
  int value = 0;
};

}  // namespace

int main() {
  std::thread one([] {
    const auto pair = std::make_unique<Pair>();
    const std::lock_guard outer(pair->first);
    const std::lock_guard inner(pair->second);
    ++pair->value;
  });
  std::thread two([] {
    const auto pair = std::make_unique<Pair>();
    const std::lock_guard outer(pair->second);
    const std::lock_guard inner(pair->first);
    ++pair->value;
  });
  one.join();
  two.join();
  std::puts("ok");
  return 0;
}
