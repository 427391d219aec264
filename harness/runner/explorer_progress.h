// SPDX-License-Identifier: Apache-2.0
//
// How far an exploration is, while it goes on. A lane's child says now and then what its strategy
// knows; the exploration puts these together in a line of text for whoever shows it
// (progress_watch.h).
//
// Thread safety: `SharedProgress` is written by one process and read by another; the rest is pure.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "engine/strategy.h"

namespace chicane::runner {

/// In memory that a child shares with its parent. Cost: a few hundred ns.
class SharedProgress {
 public:
  /// Null when the system refuses.
  static SharedProgress* create();
  void destroy();
  /// The child, between two runs.
  void tell(const engine::SearchStatistics& statistics);
  /// False when there is nothing yet, or it changes just now.
  bool read(engine::SearchStatistics* to) const;

 private:
  std::atomic<std::uint64_t> version_{0};  // odd: being written
  engine::SearchStatistics statistics_;
};

/// "12,288 of at most 100,000 schedules", and of an exhaustive search (`statistics`, or null)
/// "; 12,240 of about 14,400 interleavings (+- 900)". `most` 0: without a limit that is worth
/// saying.
std::string progress_text(std::uint64_t runs, std::uint64_t most,
                          const engine::SearchStatistics* statistics);

}  // namespace chicane::runner
