// SPDX-License-Identifier: Apache-2.0
#include "strategies/linear_orders.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace chicane::strategies {
namespace {

constexpr unsigned kDraws = 32;
// So many that tell the same are enough.
constexpr unsigned kSame = 3;

}  // namespace

void LinearOrders::advance(const Trace& trace, Chain* chain) const {
  chain->reached =
      chain->next == chain->end ? kNone : trace.step(steps_[chain->next].number).number - 1;
}

void LinearOrders::collect(const Trace& trace) {
  const auto last = trace.last_steps();
  starts_.assign(last.size(), {});
  for (std::uint32_t i = 0; i < trace.size(); ++i) {
    if (!trace.step(i).silent) ++starts_[trace.step(i).tid].end;
  }
  std::uint32_t before = 0;
  for (Chain& chain : starts_) {
    chain.next = before;
    before = chain.end += before;
  }
  steps_.resize(before);
  for (std::uint32_t i = 0; i < trace.size(); ++i) {
    if (trace.step(i).silent) continue;
    Chain& chain = starts_[trace.step(i).tid];
    const bool first = chain.reached == 0;
    steps_[chain.next] = {i, first || waits(trace, i, steps_[chain.next - 1].number)};
    chain.reached = 1;
    ++chain.next;
  }
  before = 0;
  for (Chain& chain : starts_) {
    chain.next = before;
    chain.wanted = kNone;
    before = chain.end;
    advance(trace, &chain);
  }
}

/// Whether the step comes after some of others' that its thread's step `before` does not.
bool LinearOrders::waits(const Trace& trace, std::uint32_t step, std::uint32_t before) const {
  for (Tid other = 0; other < starts_.size(); ++other) {
    if (other == trace.step(step).tid) continue;
    if (trace.steps_before(step, other) > trace.steps_before(before, other)) return true;
  }
  return false;
}

/// Sees whom the thread waits for, where it is known not to wait for those below `from`.
void LinearOrders::wait(const Trace& trace, Tid tid, Tid from) {
  Chain& chain = chains_[tid];
  chain.awaits = tid;
  if (chain.next == chain.end) return;
  for (Tid other = from; other < chains_.size(); ++other) {
    if (other == tid) continue;
    chain.awaits = other;
    chain.until = trace.steps_before(steps_[chain.next].number, other);
    if (chain.until > chains_[other].reached) {
      chains_[other].wanted = std::min(chains_[other].wanted, chain.until);
      return;
    }
  }
  chain.awaits = kNone;
  ready_ += chain.end - chain.next;
}

/// Those that have waited for what thread `tid` has reached.
void LinearOrders::go_on(const Trace& trace, Tid tid) {
  Chain& chain = chains_[tid];
  chain.wanted = kNone;
  for (Tid other = 0; other < chains_.size(); ++other) {
    if (chains_[other].awaits != tid || other == tid) continue;
    if (chains_[other].until > chain.reached) {
      chain.wanted = std::min(chain.wanted, chains_[other].until);
    } else {
      wait(trace, other, tid + 1);
    }
  }
}

/// The logarithm of the reciprocal of the probability of the order that was drawn.
double LinearOrders::draw(const Trace& trace, RandomBits* random) {
  chains_ = starts_;
  ready_ = 0;
  for (Tid tid = 0; tid < chains_.size(); ++tid) wait(trace, tid, 0);
  double log = 0, factor = 1;
  for (std::size_t left = steps_.size(); left > 0; --left) {
    std::uint32_t drawn = random->below(ready_);
    Tid tid = 0;
    for (;; ++tid) {
      if (chains_[tid].awaits != kNone) continue;
      const std::uint32_t weight = chains_[tid].end - chains_[tid].next;
      if (drawn < weight) break;
      drawn -= weight;
    }
    Chain& chain = chains_[tid];
    factor *= static_cast<double>(ready_) / (chain.end - chain.next);
    if (factor > 1e200) log += std::log2(std::exchange(factor, 1));
    ready_ -= chain.end - chain.next;
    ++chain.next;
    advance(trace, &chain);
    if (chain.next != chain.end && !steps_[chain.next].waits) {
      ready_ += chain.end - chain.next;
    } else {
      wait(trace, tid, 0);
    }
    if (chain.reached >= chain.wanted) go_on(trace, tid);
  }
  return log + std::log2(factor);
}

double LinearOrders::log2_count(const Trace& trace, RandomBits* random) {
  collect(trace);
  logs_.clear();
  while (logs_.size() < kDraws) {
    logs_.push_back(draw(trace, random));
    const auto [least, most] = std::minmax_element(logs_.begin(), logs_.end());
    if (logs_.size() == kSame && *most - *least < 1e-9) return *most;
  }
  const double most = *std::max_element(logs_.begin(), logs_.end());
  double sum = 0, squares = 0;
  for (const double log : logs_) {
    const double value = std::exp2(log - most);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kDraws;
  const double variance = std::max(0.0, squares / kDraws - mean * mean) / (kDraws - 1);
  // What is wanted is a reciprocal, of which the mean of some draws is too large.
  return most + std::log2(mean) + std::log2(1 + variance / (mean * mean));
}

}  // namespace chicane::strategies
