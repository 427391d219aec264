// SPDX-License-Identifier: Apache-2.0
//
// How much of its search an exhaustive search has behind it, as far as it can tell from what it has
// seen of the tree. Better from its start is what probes say (probes.h).
#include <bit>
#include <cmath>

#include "strategies/dpor.h"

namespace chicane::strategies {

/// Which part of the tree lies behind, if all branches of a step are equally large and those that
/// are known are all (Kilby, Slaney, Thiebaux, Walsh: "Estimating search tree size", AAAI 2006).
double Dpor::explored() const {
  // Before the parts that are left.
  const auto parts = static_cast<double>(gates_.parts());
  double behind = static_cast<double>(part_) / parts, here = 1 / parts;
  if (frugal_) return behind + here * attempts_.behind();
  for (std::uint32_t depth = 0; depth <= keep_; ++depth) {
    const Node& at = nodes_[depth];
    if (depth < keep_ && trace_.step(depth).silent) continue;
    const double branches = at.done + tree_.length(at.first) + (depth < keep_ ? 1 : 0);
    if (branches == 0) break;  // a part that has not begun
    behind += here * at.done / branches;
    here /= branches;
  }
  return behind;
}

void Dpor::note_estimate() {
  const auto now = static_cast<double>(executions_);
  estimates_[std::bit_width(executions_) - 1] = exhausted_ ? now : now / explored();
}

// The tree grows while it is explored: how far the estimate has moved since half as many
// executions tells how far it may still move.
bool Dpor::statistics(engine::SearchStatistics* to) const {
  *to = {executions_, blocked_, static_cast<double>(executions_), 0, incomplete_};
  if (exhausted_ || executions_ == 0) return true;
  const double behind = explored();
  to->estimate /= behind;
  const int last = std::bit_width(executions_) - 1;
  const double before = last > 0 ? estimates_[last - 1] : static_cast<double>(executions_);
  to->estimate_error = std::abs(to->estimate - before) + to->estimate * (1 - behind) / 2;
  return true;
}

}  // namespace chicane::strategies
