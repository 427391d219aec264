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
  lowest_ = ~std::uintptr_t{0};
  highest_ = 0;
  news_.clear();
  blocks_.clear();
  std::fill(counts_.begin(), counts_.end(), 0);
}

void ObjectNames::put_in(const News& from) const {
  if (from.thread >= counts_.size()) counts_.resize(from.thread + 1, 0);
  const std::uint64_t number = std::uint64_t{from.thread} << 32 | ++counts_[from.thread];
  const std::uint64_t name = kNamed | (mix(number) & ~std::uint64_t{0xffffff});
  const Block block{from.start, from.start + from.size, name};
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

void ObjectNames::put_in_news() const {
  for (const News& block : news_) put_in(block);
  news_.clear();
}

/// 0: it lies in none.
std::uint64_t ObjectNames::name_of_block(std::uintptr_t address) const {
  put_in_news();
  const auto block = std::partition_point(blocks_.begin(), blocks_.end(),
                                          [&](const Block& b) { return b.end <= address; });
  if (block == blocks_.end() || block->start > address) return 0;
  return block->name + (address - block->start);
}

std::uint64_t ObjectNames::name(const void* object) const {
  const auto address = reinterpret_cast<std::uintptr_t>(object);
  if (address >= lowest_ && address < highest_) {
    if (const std::uint64_t name = name_of_block(address); name != 0) return name;
  }
  // Stacks of threads lie above the heap, globals below.
  return address < lowest_ && highest_ != 0 ? address : name_on_stack(address);
}

std::uint64_t ObjectNames::name_on_stack(std::uintptr_t address) const {
  const engine::Engine& engine = engine::Engine::instance();
  const auto threads = engine.threads();
  if (threads.empty() || threads.size() == 1) return address;
  const auto on_stack = [&](const engine::Thread& thread) {
    return address >= reinterpret_cast<std::uintptr_t>(engine.stack_low(thread)) &&
           address < reinterpret_cast<std::uintptr_t>(engine.stack_high(thread));
  };
  if (on_stack(*threads[0])) return address;
  for (const engine::Thread* thread : threads.subspan(1)) {
    if (thread->finished() || !on_stack(*thread)) continue;
    const auto top = reinterpret_cast<std::uintptr_t>(engine.stack_high(*thread));
    return kNamed | ((mix(~std::uint64_t{thread->id()}) << 24) & ~kNamed) | (top - address);
  }
  return address;
}

}  // namespace chicane::strategies
