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
  chain->reached = chain->next == chain->end ? kNone : trace.step(steps_[chain->next]).number - 1;
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
    if (!trace.step(i).silent) steps_[starts_[trace.step(i).tid].next++] = i;
  }
  before = 0;
  for (Chain& chain : starts_) {
    chain.next = before;
    before = chain.end;
    advance(trace, &chain);
  }
}

bool LinearOrders::is_ready(const Trace& trace, Tid tid) const {
  const Chain& chain = chains_[tid];
  if (chain.next == chain.end) return false;
  for (Tid other = 0; other < chains_.size(); ++other) {
    if (other == tid) continue;
    if (trace.steps_before(steps_[chain.next], other) > chains_[other].reached) return false;
  }
  return true;
}

/// The logarithm of the reciprocal of the probability of the order that was drawn.
double LinearOrders::draw(const Trace& trace, RandomBits* random) {
  chains_ = starts_;
  for (Tid tid = 0; tid < chains_.size(); ++tid) chains_[tid].ready = is_ready(trace, tid);
  double log = 0, factor = 1;
  for (std::size_t left = steps_.size(); left > 0; --left) {
    std::uint32_t all = 0;
    for (const Chain& chain : chains_) all += chain.ready ? chain.end - chain.next : 0;
    std::uint32_t drawn = random->below(all);
    Tid tid = 0;
    for (;; ++tid) {
      if (!chains_[tid].ready) continue;
      const std::uint32_t weight = chains_[tid].end - chains_[tid].next;
      if (drawn < weight) break;
      drawn -= weight;
    }
    Chain& chain = chains_[tid];
    factor *= static_cast<double>(all) / (chain.end - chain.next);
    if (factor > 1e200) log += std::log2(std::exchange(factor, 1));
    ++chain.next;
    advance(trace, &chain);
    chain.ready = is_ready(trace, tid);
    for (Tid other = 0; other < chains_.size(); ++other) {
      if (!chains_[other].ready) chains_[other].ready = is_ready(trace, other);
    }
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
