// SPDX-License-Identifier: Apache-2.0
//
// Hashes of words.
//
// Thread safety: pure functions. Cost: one or two multiplications.
#pragma once

#include <cstdint>

namespace chicane::strategies {

/// Of a single word: every bit of `z` reaches every bit of the result (splitmix64's last step).
inline std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/// Of a sequence of words: that of those before, and the next one.
inline std::uint64_t mixed(std::uint64_t hash, std::uint64_t next) {
  hash = (hash ^ next) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 29);
}

}  // namespace chicane::strategies
