// SPDX-License-Identifier: Apache-2.0
// A sequence lock: the reader takes no lock, reads twice the number of the writer's turn, and
// throws away what it read in between if the turns differ. Its data are relaxed atomics.
//~ none
#include <atomic>
#include <cassert>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Position {
  std::atomic<unsigned> turn = 0;  // odd while the writer is at it
  std::atomic<int> x = 0;
  std::atomic<int> y = 0;
};

void move(Position& position, int to) {
  const unsigned turn = position.turn.load(std::memory_order_relaxed);
  position.turn.store(turn + 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  position.x.store(to, std::memory_order_relaxed);
  position.y.store(to, std::memory_order_relaxed);
  position.turn.store(turn + 2, std::memory_order_release);
}

// False: the writer was at it, ask again.
bool look(const Position& position, int* x, int* y) {
  const unsigned before = position.turn.load(std::memory_order_acquire);
  *x = position.x.load(std::memory_order_relaxed);
  *y = position.y.load(std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_acquire);
  return before % 2 == 0 && before == position.turn.load(std::memory_order_relaxed);
}
}  // namespace

CHICANE_SCENARIO(atomic_seqlock, good) {
  Position position;
  std::thread writer([&] { move(position, 5); });
  int x = 0;
  int y = 0;
  if (look(position, &x, &y)) assert(x == y);
  writer.join();
}
