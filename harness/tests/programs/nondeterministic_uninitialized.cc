// SPDX-License-Identifier: Apache-2.0
//
// It happens to find zeros in a block of which it wrote nothing.
// expect: nondeterminism
// says: with other addresses and unwritten bytes: expected
#include <cstdlib>

static volatile int seen;

static void one_way() { seen = 1; }
static void another_way() { seen = 2; }

int main() {
  auto* block = static_cast<volatile int*>(std::malloc(100'000));
  if (block[20'000] != 0) {
    one_way();
  } else {
    another_way();
  }
  std::free(const_cast<int*>(block));
  return 0;
}
