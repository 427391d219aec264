// SPDX-License-Identifier: Apache-2.0
#include "strategies/wakeup_tree.h"

#include <algorithm>
#include <utility>

namespace chicane::strategies {

std::uint32_t WakeupTree::allocate(const SequenceStep& step) {
  ++in_use_;
  std::uint32_t node = free_;
  if (node == kNone) {
    nodes_.emplace_back();
    node = static_cast<std::uint32_t>(nodes_.size() - 1);
  } else {
    free_ = nodes_[node].next;
  }
  Node& to = nodes_[node];
  to.step.tid = step.tid;
  to.step.footprint = *step.footprint;
  to.step.outcomes.clear();
  for (const StepOutcome& outcome : step.outcomes) to.step.outcomes.push_back(outcome.chosen());
  to.child = to.next = kNone;
  to.brief = false;
  return node;
}

void WakeupTree::release(std::uint32_t node) {
  nodes_[node].next = free_;
  free_ = node;
  --in_use_;
}

bool WakeupTree::insert(std::uint32_t* first, std::span<const SequenceStep> sequence,
                        bool briefly) {
  bool copied = false;
  std::uint32_t parent = kNone;
  std::uint32_t last = kNone;
  std::uint32_t at = *first;
  while (at != kNone) {
    const Node& node = nodes_[at];
    const std::uint32_t place = place_as_first(node.step.tid, node.step.footprint, sequence);
    if (place == kNotFirst) {
      last = at;
      at = node.next;
      continue;
    }
    if (briefly) {
      if (nodes_[at].child != kNone) nodes_[at].brief = true;
      free_list(std::exchange(nodes_[at].child, kNone));
      return false;
    }
    if (place != 0 && place != kAbsent) {
      if (!copied) {
        left_.assign(sequence.begin(), sequence.end());
        sequence = left_;
        copied = true;
      }
      // Those before that place go to where it was, so that the first falls free.
      const auto begin = left_.begin() + (sequence.data() - left_.data());
      std::move_backward(begin, begin + place, begin + place + 1);
    }
    if (place != kAbsent) sequence = sequence.subspan(1);
    if (node.child == kNone || sequence.empty()) return false;
    parent = at;
    last = kNone;
    at = node.child;
  }
  if (briefly) sequence = sequence.first(1);
  // All siblings here were passed: the rest is a new branch after them.
  for (const SequenceStep& step : sequence) {
    const std::uint32_t node = allocate(step);
    nodes_[node].brief = briefly;
    if (last != kNone) {
      nodes_[last].next = node;
    } else if (parent != kNone) {
      nodes_[parent].child = node;
    } else {
      *first = node;
    }
    parent = node;
    last = kNone;
  }
  return true;
}

std::uint32_t WakeupTree::take_first(std::uint32_t* first) {
  const std::uint32_t node = *first;
  const std::uint32_t children = nodes_[node].child;
  *first = nodes_[node].next;
  release(node);
  return children;
}

void WakeupTree::free_list(std::uint32_t first) {
  while (first != kNone) {
    const std::uint32_t next = nodes_[first].next;
    free_list(nodes_[first].child);
    release(first);
    first = next;
  }
}

std::uint32_t WakeupTree::length(std::uint32_t first) const {
  std::uint32_t count = 0;
  for (; first != kNone; first = nodes_[first].next) ++count;
  return count;
}

}  // namespace chicane::strategies
