// SPDX-License-Identifier: Apache-2.0
//
// How often it goes round depends on where the allocator put a block.
// expect: nondeterminism
// says: with other addresses and unwritten bytes: expected
#include <cstdint>
#include <cstdlib>

static volatile int rounds;

int main() {
  void* block = std::malloc(5000);
  const auto place = reinterpret_cast<std::uintptr_t>(block) >> 4;
  for (std::uintptr_t i = 0; i < place % 64; ++i) rounds = rounds + 1;
  std::free(block);
  return 0;
}
