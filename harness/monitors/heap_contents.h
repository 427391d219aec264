// SPDX-License-Identifier: Apache-2.0
//
// What a pointer means: the contents of the heap block that it points to, as one number, so that
// two pointers to equal objects mean the same, and a pointer to a changed copy means something
// else. Pointers in the block are followed in turn; counts of references (any word that has been
// accessed atomically) are left out.
//
// Thread safety: engine context.
// Invariants:
//   I1. Only blocks that were allocated since `clear` and not freed are read.
//   I2. No number of contents looks like a number of the program's: its highest bit is set.
//   I3. It takes memory from the heap in large pieces only: what the program does to a small block
//       that it has freed does not hit it.
// Cost: `of` reads at most kMostWords words; the others are a lookup in a tree, and `written` as
// much as its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <optional>
#include <unordered_set>

namespace chicane::monitors {

/// Code, data, heap and stacks of a 64-bit process lie between these.
inline bool like_a_pointer(std::uint64_t value) {
  return value >= std::uint64_t{1} << 32 && value < std::uint64_t{1} << 47;
}

class HeapContents {
 public:
  struct Meaning {
    std::uint64_t contents = 0;  // 0: no pointer into a known block
    std::uint64_t block = 0;     // where that begins
  };

  HeapContents() { clear(); }
  void clear();
  void allocated(const void* start, std::size_t size);
  void freed(const void* start);
  void written(const void* start, std::size_t size);
  void accessed_atomically(std::uint64_t address);
  Meaning of(std::uint64_t pointer) const;

 private:
  static constexpr std::size_t kLargest = 1 << 16;  // larger blocks are not read
  static constexpr unsigned kMostWords = 512;
  static constexpr unsigned kDepth = 4;

  static constexpr unsigned kMostBlocks = 1 << 15;

  struct Block {
    std::uint64_t start, size;
    std::uint8_t* written = nullptr;  // of each word, which bytes; null: nothing
  };
  /// All that is known, in `memory_`.
  struct Known {
    explicit Known(std::pmr::memory_resource* memory) : blocks(memory), atomic(memory) {}
    std::pmr::map<std::uint64_t, Block> blocks;     // by start
    std::pmr::unordered_set<std::uint64_t> atomic;  // words
    unsigned blocks_so_far = 0;
  };
  const Block* block_of(std::uint64_t address) const;
  std::uint64_t hash(const Block& block, std::uint64_t from, unsigned depth, unsigned* left) const;

  std::pmr::monotonic_buffer_resource memory_{1 << 16};
  std::optional<Known> known_;
};

}  // namespace chicane::monitors
