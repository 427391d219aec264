// SPDX-License-Identifier: Apache-2.0
//
// The benchmarks' programs under the real ThreadSanitizer, on native threads: prints nanoseconds
// per call, the best of a few milliseconds. compare_bench.cc starts it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

#include "bench/programs.h"

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  const bool plain = argc > 1 && std::strcmp(argv[1], "plain") == 0;
  if (!plain && (argc < 2 || std::strcmp(argv[1], "locks") != 0)) return 2;
  void (*const program)() =
      plain ? &chicane::bench::plain_accesses_program : &chicane::bench::lock_pairs_program;
  double best = 1e18;
  const auto end = Clock::now() + std::chrono::milliseconds(20);
  do {
    constexpr int kCalls = 10;
    const auto start = Clock::now();
    for (int i = 0; i < kCalls; ++i) program();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count() / kCalls);
  } while (Clock::now() < end);
  std::printf("%.1f\n", best * 1e9);
}
