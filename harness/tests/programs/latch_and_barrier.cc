// SPDX-License-Identifier: Apache-2.0
//
// std::latch and std::barrier order what was before them before what is after, and a barrier's
// completion runs once a phase.
// stdout: 2
#include <barrier>
#include <cassert>
#include <cstdio>
#include <latch>
#include <thread>

int main() {
  int prepared = 0, phases = 0, cells[2] = {};
  std::latch ready(1);
  std::barrier barrier(2, [&]() noexcept { ++phases; });
  const auto work = [&](int self) {
    for (int phase = 0; phase < 2; ++phase) {
      cells[self] = phase;
      barrier.arrive_and_wait();
      assert(cells[1 - self] == phase);
      if (phase == 0) barrier.arrive_and_wait();
    }
  };
  std::thread other([&] {
    prepared = 1;
    ready.count_down();
    work(1);
  });
  ready.wait();
  assert(prepared == 1);
  work(0);
  other.join();
  std::printf("%d\n", phases - 1);
  return 0;
}
