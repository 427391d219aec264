// SPDX-License-Identifier: Apache-2.0
//
// atomic::wait and notify, on a word of the kernel's size and on others (which share a proxy).
// stdout: ok
#include <atomic>
#include <cassert>
#include <cstdio>
#include <thread>

template <typename T>
void hand_over() {
  std::atomic<T> turn{T{0}};
  int plain = 0;
  std::thread other([&] {
    turn.wait(T{0});
    assert(plain == 1);
    plain = 2;
    turn = T{2};
    turn.notify_one();
  });
  plain = 1;
  turn = T{1};
  turn.notify_all();
  turn.wait(T{1});
  assert(plain == 2);
  other.join();
}

int main() {
  hand_over<int>();
  hand_over<char>();
  hand_over<long>();
  std::atomic_flag flag;
  std::thread setter([&] {
    flag.test_and_set();
    flag.notify_one();
  });
  flag.wait(false);
  setter.join();
  std::puts("ok");
  return 0;
}
