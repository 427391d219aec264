// SPDX-License-Identifier: Apache-2.0
//
// thread_local objects are made anew in every thread, also when it has an ended one's stack, and
// destroyed at its end, last made first. errno is each thread's own.
// stdout: 3 made, 3 destroyed
#include <cassert>
#include <cerrno>
#include <cstdio>
#include <thread>

static int made, destroyed, order;

namespace {

struct Object {
  explicit Object(int digit) : digit_(digit) { ++made; }
  ~Object() {
    ++destroyed;
    order = 10 * order + digit_;
  }
  int value = 0;

 private:
  int digit_;
};

}  // namespace

static thread_local int plain = 5;

static void use() {
  static thread_local Object first(1);
  static thread_local Object second(2);
  assert(plain == 5 && first.value == 0 && second.value == 0);
  plain = first.value = second.value = 9;
  errno = 7;
}

int main() {
  made = destroyed = 0;
  errno = 3;
  for (int i = 0; i < 3; ++i) {
    order = 0;
    std::thread(use).join();
    assert(order == 21);
  }
  assert(errno == 3);
  std::printf("%d made, %d destroyed\n", made / 2, destroyed / 2);
  return 0;
}
