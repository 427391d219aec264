// SPDX-License-Identifier: Apache-2.0
//
// What an object is called in all runs alike. A global and what lies on the main thread's stack are
// their addresses. A block of the heap has another address in a run that allocates in another
// order, or that comes after others in its process: it is the n-th that its thread has allocated.
// What lies on another thread's stack is so far from its top.
//
// Thread safety: engine context. Lives in shared memory.
// Cost: an allocation is written down. The first look at the heap after some of them sorts these
// in; each look is a binary search among the run's blocks.
#pragma once

#include <cstdint>

#include "engine/engine.h"
#include "engine/shared_heap.h"

namespace chicane::strategies {

class ObjectNames {
 public:
  void begin_run();
  /// `thread` is a number that is the same in all runs.
  void on_allocate(std::uint32_t thread, const void* start, std::size_t size) {
    const auto from = reinterpret_cast<std::uintptr_t>(start);
    const Allocation made{from, from + (size != 0 ? size : 1), thread};
    lowest_ = made.start < lowest_ ? made.start : lowest_;
    highest_ = made.end > highest_ ? made.end : highest_;
    if (unsorted_.size() == kMostUnsorted) sort_in();
    unsorted_.push_back(made);
  }
  std::uint64_t name(const void* object) const;

 private:
  struct Block {
    std::uintptr_t start, end;
    std::uint64_t name;
  };
  static constexpr std::size_t kMostUnsorted = 4096;
  struct Allocation {
    std::uintptr_t start, end;
    std::uint32_t thread;
  };
  void sort_in() const;
  void sort_in(const Allocation& made) const;
  // Most programs allocate at each thread's birth, and have no operations there.
  mutable engine::SharedVector<Allocation> unsorted_;
  mutable engine::SharedVector<Block> blocks_;          // by rising address
  mutable engine::SharedVector<std::uint32_t> counts_;  // by thread: its blocks
  std::uintptr_t lowest_ = ~std::uintptr_t{0}, highest_ = 0;
};

}  // namespace chicane::strategies
