// SPDX-License-Identifier: Apache-2.0
#include "monitors/heap_contents.h"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace chicane::monitors {
namespace {

constexpr std::uint64_t kWord = 8;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
  return hash ^ hash >> 29;
}

}  // namespace

void HeapContents::clear() {
  known_.reset();
  memory_.release();
  known_.emplace(&memory_);
}

void HeapContents::allocated(const void* start, std::size_t size) {
  const auto at = reinterpret_cast<std::uintptr_t>(start);
  const auto end = known_->atomic.empty() ? 0 : at + std::min(size, kLargest);
  for (std::uint64_t word = at; word < end; word += kWord) known_->atomic.erase(word);
  known_->blocks.erase(at);
  if (size > kLargest || ++known_->blocks_so_far > kMostBlocks) return;
  known_->blocks.try_emplace(at, Block{at, size});
}

void HeapContents::freed(const void* start) {
  known_->blocks.erase(reinterpret_cast<std::uintptr_t>(start));
}

void HeapContents::written(const void* start, std::size_t size) {
  const auto from = reinterpret_cast<std::uintptr_t>(start);
  const auto after = known_->blocks.upper_bound(from);
  if (after == known_->blocks.begin()) return;
  Block& block = std::prev(after)->second;
  const std::uint64_t end = std::min(from + size, block.start + block.size);
  if (from >= end) return;
  if (block.written == nullptr) {
    const std::size_t words = block.size / kWord + 1;
    block.written = static_cast<std::uint8_t*>(memory_.allocate(words, 1));
    std::memset(block.written, 0, words);
  }
  for (std::uint64_t at = from - block.start; at < end - block.start; ++at) {
    block.written[at / kWord] |= static_cast<std::uint8_t>(1u << at % kWord);
  }
}

void HeapContents::accessed_atomically(std::uint64_t address) {
  if (known_->atomic.size() < kMostBlocks) known_->atomic.insert(address & ~(kWord - 1));
}

const HeapContents::Block* HeapContents::block_of(std::uint64_t address) const {
  const auto after = known_->blocks.upper_bound(address);
  if (after == known_->blocks.begin()) return nullptr;
  const Block& block = std::prev(after)->second;
  // The end of a block is its own, too: iterators point there.
  return address <= block.start + block.size ? &block : nullptr;
}

std::uint64_t HeapContents::hash(const Block& block, std::uint64_t from, unsigned depth,
                                 unsigned* left) const {
  const std::uint64_t end = block.start + block.size;
  std::uint64_t result = 0;
  for (std::uint64_t at = from; at < end && *left > 0 && block.written != nullptr; at += kWord) {
    const unsigned bytes = block.written[(at - block.start) / kWord];
    if (bytes == 0 || known_->atomic.contains(at)) continue;
    --*left;
    std::uint64_t word = 0;
    for (unsigned i = 0; i < kWord && at + i < end; ++i) {
      if ((bytes >> i & 1) == 0) continue;
      word |= std::uint64_t{*reinterpret_cast<const unsigned char*>(at + i)} << 8 * i;
    }
    const Block* pointed = depth > 0 && like_a_pointer(word) ? block_of(word) : nullptr;
    if (pointed == &block) {
      word -= block.start;
    } else if (pointed != nullptr) {
      word = hash(*pointed, word & ~(kWord - 1), depth - 1, left);
    }
    result = mix(mix(result, at - from), word);
  }
  return result;
}

HeapContents::Meaning HeapContents::of(std::uint64_t pointer) const {
  if (!like_a_pointer(pointer)) return {};
  const Block* block = block_of(pointer);
  if (block == nullptr) return {};
  constexpr std::uint64_t kHighest = std::uint64_t{1} << 63;
  unsigned left = kMostWords;
  // The lowest bits of a pointer may be marks.
  return {hash(*block, pointer & ~(kWord - 1), kDepth, &left) | kHighest, block->start};
}

}  // namespace chicane::monitors
