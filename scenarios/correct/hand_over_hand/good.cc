// SPDX-License-Identifier: Apache-2.0
// A step from notes S3:86: A before B, B before C, C before A; but nobody asks for C while holding
// A.
//~ none
#include <mutex>
#include <thread>

#include "chicane/scenario.h"

namespace {
struct Ring {
  std::mutex mutex_a, mutex_b, mutex_c;
  int a = 1, b = 2, c = 3;
};

// Hand over hand: at each moment one lock, or two neighbours.
void walk(Ring& ring) {
  std::unique_lock first(ring.mutex_a);
  std::unique_lock second(ring.mutex_b);
  ring.b += ring.a;
  first.unlock();
  std::unique_lock third(ring.mutex_c);
  ring.c += ring.b;
}

void close(Ring& ring) {
  std::lock_guard last(ring.mutex_c);
  std::lock_guard first(ring.mutex_a);
  ring.a += ring.c;
}
}  // namespace

CHICANE_SCENARIO(hand_over_hand, good) {
  Ring ring;
  std::thread walker([&] { walk(ring); });
  std::thread closer([&] { close(ring); });
  walker.join();
  closer.join();
}
