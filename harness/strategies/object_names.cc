// SPDX-License-Identifier: Apache-2.0
#include "strategies/object_names.h"

#include <algorithm>

namespace chicane::strategies {
namespace {

std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// No address has this bit: a name is none.
constexpr std::uint64_t kNamed = std::uint64_t{1} << 63;

}  // namespace

void ObjectNames::begin_run() {
  blocks_.clear();
  std::fill(counts_.begin(), counts_.end(), 0);
}

void ObjectNames::on_allocate(std::uint32_t thread, const void* start, std::size_t size) {
  if (thread >= counts_.size()) counts_.resize(thread + 1, 0);
  const auto from = reinterpret_cast<std::uintptr_t>(start);
  const std::uint64_t name =
      kNamed | (mix(std::uint64_t{thread} << 32 | ++counts_[thread]) & ~std::uint64_t{0xffffff});
  const Block block{from, from + std::max<std::size_t>(size, 1), name};
  if (blocks_.empty() || block.start >= blocks_.back().end) {
    blocks_.push_back(block);
    return;
  }
  // What the memory was before has been freed.
  const auto first = std::partition_point(blocks_.begin(), blocks_.end(),
                                          [&](const Block& b) { return b.end <= block.start; });
  auto last = first;
  while (last != blocks_.end() && last->start < block.end) ++last;
  if (first == last) {
    blocks_.insert(first, block);
  } else {
    *first = block;
    blocks_.erase(first + 1, last);
  }
}

std::uint64_t ObjectNames::name(const void* object) const {
  const auto address = reinterpret_cast<std::uintptr_t>(object);
  if (!blocks_.empty() && address >= blocks_.front().start && address < blocks_.back().end) {
    const auto block = std::partition_point(blocks_.begin(), blocks_.end(),
                                            [&](const Block& b) { return b.end <= address; });
    if (block != blocks_.end() && block->start <= address) {
      return block->name + (address - block->start);
    }
  }
  const engine::Engine& engine = engine::Engine::instance();
  const auto threads = engine.threads();
  if (threads.empty() || threads.size() == 1) return address;
  const auto on_stack = [&](const engine::Thread& thread) {
    return address >= reinterpret_cast<std::uintptr_t>(engine.stack_low(thread)) &&
           address < reinterpret_cast<std::uintptr_t>(engine.stack_high(thread));
  };
  if (on_stack(*threads[0])) return address;
  // Stacks of threads lie above the heap, globals below.
  if (!blocks_.empty() && address < blocks_.front().start) return address;
  for (const engine::Thread* thread : threads.subspan(1)) {
    if (thread->finished() || !on_stack(*thread)) continue;
    const auto top = reinterpret_cast<std::uintptr_t>(engine.stack_high(*thread));
    return kNamed | ((mix(~std::uint64_t{thread->id()}) << 24) & ~kNamed) | (top - address);
  }
  return address;
}

}  // namespace chicane::strategies
