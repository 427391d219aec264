// SPDX-License-Identifier: Apache-2.0
//
// The strategies' random numbers: splitmix64, seeded from (seed, run), so that a run's numbers do
// not depend on the runs before it.
//
// Thread safety: a value. Cost: about 1 ns a number.
#pragma once

#include <cstdint>

namespace chicane::strategies {

class RandomBits {
 public:
  /// Begins the sequence of run `run`.
  void seed(std::uint64_t seed, std::uint64_t run) {
    state_ = mix(seed * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u) ^ mix(run + 1);
  }
  std::uint64_t next() { return mix(state_ += 0x9e3779b97f4a7c15u); }
  /// Below `n`, which is not 0. The bias is below 2^-32 * n: irrelevant for choosing threads.
  unsigned below(unsigned n) {
    return static_cast<unsigned>(((next() >> 32) * static_cast<std::uint64_t>(n)) >> 32);
  }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  std::uint64_t state_ = 0;
};

}  // namespace chicane::strategies
