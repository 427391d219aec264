// SPDX-License-Identifier: Apache-2.0
//
// Hashes of single words: every bit of `z` reaches every bit of the result (splitmix64's last
// step).
//
// Thread safety: a pure function. Cost: two multiplications.
#pragma once

#include <cstdint>

namespace chicane::strategies {

inline std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace chicane::strategies
