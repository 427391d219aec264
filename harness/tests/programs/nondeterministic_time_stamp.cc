// SPDX-License-Identifier: Apache-2.0
//
// The processor's counter is no virtual time.
// expect: nondeterminism differs@here
// says: differs when the same schedule is run again
#include <cstdint>

static volatile std::uint32_t started;

int main() {
#if defined(__x86_64__)
  started = static_cast<std::uint32_t>(__builtin_ia32_rdtsc());  //~ here
#else
  std::uint64_t ticks;
  asm volatile("mrs %0, cntvct_el0" : "=r"(ticks));
  started = static_cast<std::uint32_t>(ticks);
#endif
  return 0;
}
