// SPDX-License-Identifier: Apache-2.0
//
// The strategy of an exploration, made by the parent in memory that it shares with the children it
// will fork: what a strategy learns in one child, the next one knows.
//
// Thread safety: one thread. One child at a time uses it.
#pragma once

#include <memory>

#include "chicane/chicane.h"
#include "engine/shared_heap.h"
#include "engine/strategy.h"

namespace chicane::runner {

class SharedStrategy {
 public:
  explicit SharedStrategy(const Options& options);
  ~SharedStrategy();
  SharedStrategy(const SharedStrategy&) = delete;
  SharedStrategy& operator=(const SharedStrategy&) = delete;

  /// Null when the system refuses shared memory.
  engine::Strategy* get() const { return strategy_.get(); }
  /// A child takes the strategy's memory from here, from before its first run to its end.
  engine::SharedHeap* heap() const { return heap_; }

 private:
  engine::SharedHeap* heap_;
  std::unique_ptr<engine::Strategy> strategy_;
};

}  // namespace chicane::runner
