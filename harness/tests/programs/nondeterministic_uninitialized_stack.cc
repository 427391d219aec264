// SPDX-License-Identifier: Apache-2.0
//
// It happens to find zeros in a variable on its stack, to which it wrote nothing.
// expect: nondeterminism
// says: with other addresses and unwritten bytes: expected
#include <thread>

static volatile int seen, index = 700;

static void one_way() { seen = 1; }
static void another_way() { seen = 2; }

static void look() {
  volatile int numbers[20'000];
  numbers[0] = 1;
  if (numbers[index] != 0) {
    one_way();
  } else {
    another_way();
  }
}

int main() {
  std::thread(look).join();
  return 0;
}
