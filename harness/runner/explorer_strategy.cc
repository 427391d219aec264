// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_strategy.h"

#include "strategies/strategies.h"

namespace chicane::runner {

SharedStrategy::SharedStrategy(const Options& options) : heap_(engine::SharedHeap::create()) {
  if (heap_ == nullptr) return;
  engine::SharedHeap* before = engine::SharedHeap::use(heap_);
  strategy_ = strategies::make_strategy(to_string(options.strategy),
                                        {.seed = options.seed,
                                         .depth = options.pct_depth,
                                         .bound = options.bound,
                                         .shard = options.shard,
                                         .shards = options.shards,
                                         .step_limit = options.step_limit},
                                        nullptr);
  engine::SharedHeap::use(before);
}

SharedStrategy::~SharedStrategy() {
  strategy_.reset();
  if (heap_ != nullptr) heap_->destroy();
}

}  // namespace chicane::runner
