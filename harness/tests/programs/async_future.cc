// SPDX-License-Identifier: Apache-2.0
//
// stdout: 6
#include <cstdio>
#include <future>

int main() {
  int shared = 1;
  std::future<int> one = std::async(std::launch::async, [&] { return shared; });
  std::future<int> two = std::async(std::launch::deferred, [&] { return shared + 1; });
  std::packaged_task<int(int)> task([](int x) { return x; });
  std::future<int> three = task.get_future();
  std::thread runner(std::move(task), 3);
  const int sum = one.get() + two.get() + three.get();
  shared = 0;
  runner.join();
  std::printf("%d\n", sum);
  return 0;
}
