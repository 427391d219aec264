// SPDX-License-Identifier: Apache-2.0
#include "strategies/object_names.h"

#include <algorithm>

#include "strategies/mix.h"

extern "C" {
extern char __executable_start;  // the linker's: the program's first byte,
extern char end;                 // and the end of its globals
}

namespace chicane::strategies {
namespace {

// No address has this bit: a name is none.
constexpr std::uint64_t kNamed = std::uint64_t{1} << 63;

}  // namespace

void ObjectNames::begin_run() {
  lowest_ = ~std::uintptr_t{0};
  highest_ = 0;
  news_count_ = 0;
  blocks_.clear();
  std::fill(counts_.begin(), counts_.end(), 0);
}

void ObjectNames::put_in(const News& from) const {
  if (from.thread >= counts_.size()) counts_.resize(from.thread + 1, 0);
  const std::uint64_t number = std::uint64_t{from.thread} << 32 | ++counts_[from.thread];
  const std::uint64_t name = kNamed | (mix(number) & ~std::uint64_t{0xffffff});
  const Block block{from.start, from.end, name};
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
  for (std::size_t i = 0; i < news_count_; ++i) put_in(news_[i]);
  news_count_ = 0;
}

void ObjectNames::make_room() {
  if (news_room_ >= kMostNews) return put_in_news();
  news_room_ = std::max(kFewNews, 2 * news_room_);
  news_.resize(news_room_);
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
  if (object >= &__executable_start && object < &end) return address;  // a global
  if (address >= lowest_ && address < highest_) {
    if (const std::uint64_t name = name_of_block(address); name != 0) return name;
  }
  return name_on_stack(address);  // which may lie below the heap: each thread has one of its own
}

std::uint64_t ObjectNames::name_on_stack(std::uintptr_t address) const {
  const engine::Engine& engine = engine::Engine::instance();
  for (const engine::Thread* thread : engine.threads()) {
    const auto low = reinterpret_cast<std::uintptr_t>(engine.stack_low(*thread));
    const auto high = reinterpret_cast<std::uintptr_t>(engine.stack_high(*thread));
    if (address < low || address >= high || thread->finished()) continue;
    return kNamed | ((mix(~std::uint64_t{thread->id()}) << 24) & ~kNamed) | (high - address);
  }
  return address;
}

}  // namespace chicane::strategies
