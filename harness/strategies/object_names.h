// SPDX-License-Identifier: Apache-2.0
//
// What an object is called in all runs alike. A global and what lies on the main thread's stack are
// their addresses. A block of the heap has another address in a run that allocates in another
// order, or that comes after others in its process: it is the n-th that its thread has allocated.
// What lies on another thread's stack is so far from its top.
//
// Thread safety: engine context. Lives in shared memory.
// Cost: an allocation, or a look at an address of the heap: a binary search among the run's blocks.
#pragma once

#include <cstdint>

#include "engine/engine.h"
#include "engine/shared_heap.h"

namespace chicane::strategies {

class ObjectNames {
 public:
  void begin_run();
  /// `thread` is a number that is the same in all runs.
  void on_allocate(std::uint32_t thread, const void* start, std::size_t size);
  std::uint64_t name(const void* object) const;

 private:
  struct Block {
    std::uintptr_t start, end;
    std::uint64_t name;
  };
  engine::SharedVector<Block> blocks_;          // by rising address
  engine::SharedVector<std::uint32_t> counts_;  // by thread: its blocks
};

}  // namespace chicane::strategies
