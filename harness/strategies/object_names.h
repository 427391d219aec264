// SPDX-License-Identifier: Apache-2.0
//
// What an object is called in all runs alike. A global is its address. A block of the heap has
// another address in a run that allocates in another order, or that comes after others in its
// process: it is the n-th that its thread has allocated. What lies on a thread's stack, the main
// thread's too, is so far from its end: contexts that are made for a run lie elsewhere than those
// that it finds.
//
// Thread safety: engine context. Lives in shared memory.
// Cost: an allocation: a few ns. A look at an address of the heap: a binary search among the run's
// blocks, and as much for each of those that have come since the last look.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/engine.h"
#include "engine/shared_heap.h"

namespace chicane::strategies {

class ObjectNames {
 public:
  void begin_run();
  /// `thread` is a number that is the same in all runs.
  [[gnu::always_inline]] void on_allocate(std::uint32_t thread, const void* start,
                                          std::size_t size) {
    if (news_count_ == news_room_) [[unlikely]]
      make_room();
    const auto from = reinterpret_cast<std::uintptr_t>(start);
    const std::uintptr_t end = from + (size != 0 ? size : 1);
    news_[news_count_++] = {from, end, thread};
    lowest_ = std::min(lowest_, from);
    highest_ = std::max(highest_, end);
  }
  std::uint64_t name(const void* object) const;

 private:
  struct Block {
    std::uintptr_t start, end;
    std::uint64_t name;
  };
  struct News {
    std::uintptr_t start, end;
    std::uint32_t thread;
  };
  static constexpr std::size_t kFewNews = 64, kMostNews = 1024;
  void make_room();
  void put_in_news() const;
  void put_in(const News& block) const;
  std::uint64_t name_of_block(std::uintptr_t address) const;
  std::uint64_t name_on_stack(std::uintptr_t address) const;
  // All blocks lie between these.
  std::uintptr_t lowest_ = ~std::uintptr_t{0}, highest_ = 0;
  // Few programs ask for blocks of the heap: they are put in order when one does.
  engine::SharedVector<News> news_;  // as many as there is room for
  mutable std::size_t news_count_ = 0;
  std::size_t news_room_ = 0;
  mutable engine::SharedVector<Block> blocks_;          // by rising address
  mutable engine::SharedVector<std::uint32_t> counts_;  // by thread: its blocks
};

}  // namespace chicane::strategies
