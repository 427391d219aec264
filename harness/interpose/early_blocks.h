// SPDX-License-Identifier: Apache-2.0
//
// Blocks of the heap that were there before main. Where the program's variables are put back after
// each run (runner/explorer_statics.h), these point to such blocks again: a run that frees one, or
// has it moved, must not give it back.
//
// Of the heap that the process had then, whatever no run has been given is such a block: one bit
// for every 16 bytes says what a run was given.
//
// Thread safety: `keep_early_blocks` driver, once; the others as malloc.
// Cost: where nothing is kept, a comparison.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chicane::interpose {

/// From now on.
void keep_early_blocks();

struct EarlyBlocks {
  const char* begin = nullptr;
  std::size_t size = 0;
  std::uint64_t* given = nullptr;
};
extern EarlyBlocks g_early_blocks;

inline bool in_early_heap(const void* block) {
  return static_cast<std::size_t>(static_cast<const char*>(block) - g_early_blocks.begin) <
         g_early_blocks.size;
}

/// A run was given `block`.
inline void note_given(const void* block) {
  if (!in_early_heap(block)) [[likely]]
    return;
  const auto at =
      static_cast<std::size_t>(static_cast<const char*>(block) - g_early_blocks.begin) / 16;
  g_early_blocks.given[at / 64] |= std::uint64_t{1} << (at % 64);
}

/// Whether `block`, which a run frees, is to be kept.
inline bool is_early(const void* block) {
  if (!in_early_heap(block)) [[likely]]
    return false;
  const auto at =
      static_cast<std::size_t>(static_cast<const char*>(block) - g_early_blocks.begin) / 16;
  return ((g_early_blocks.given[at / 64] >> (at % 64)) & 1) == 0;
}

}  // namespace chicane::interpose
