// SPDX-License-Identifier: Apache-2.0
#include "strategies/wakeup_tree.h"

#include <algorithm>
#include <utility>

namespace chicane::strategies {

namespace {

std::uint64_t hash_of(const SequenceStep& step) {
  std::uint64_t hash = mixed(mixed(step.tid, step.footprint->size()), step.key);
  for (unsigned i = 0; i < step.footprint->size(); ++i) {
    const Access access = (*step.footprint)[i];
    hash = mixed(mixed(hash, access.object), static_cast<std::uint64_t>(access.mode));
  }
  return mixed(hash, outcomes_key(step.outcomes));
}

bool is_same(const WakeupStep& one, const SequenceStep& other) {
  return one.tid == other.tid && one.key == other.key && one.delays == other.delays &&
         one.footprint == *other.footprint &&
         outcomes_key(one.outcomes) == outcomes_key(other.outcomes);
}

}  // namespace

// ---- the steps ----

std::uint32_t WakeupSteps::take(const SequenceStep& step) {
  const std::uint64_t hash = hash_of(step);
  if (!buckets_.empty()) {
    for (std::uint32_t id = bucket(hash); id != kNone; id = entries_[id].next) {
      if (entries_[id].hash != hash || !is_same(entries_[id].step, step)) continue;
      ++entries_[id].users;
      return id;
    }
  }
  if (free_ == kNone) grow();
  const std::uint32_t id = free_;
  Entry& entry = entries_[id];
  free_ = entry.next;
  entry.step.tid = step.tid;
  entry.step.key = step.key;
  entry.step.delays = step.delays;
  entry.step.footprint = *step.footprint;
  entry.step.outcomes.assign(step.outcomes.begin(), step.outcomes.end());
  entry.hash = hash;
  entry.users = 1;
  entry.next = std::exchange(bucket(hash), id);
  return id;
}

void WakeupSteps::give_back(std::uint32_t id) {
  Entry& entry = entries_[id];
  if (--entry.users != 0) return;
  std::uint32_t* at = &bucket(entry.hash);
  while (*at != id) at = &entries_[*at].next;
  *at = entry.next;
  entry.next = std::exchange(free_, id);
}

/// As many buckets as entries, of which none is free.
void WakeupSteps::grow() {
  constexpr std::size_t kFew = 64;
  const std::size_t before = entries_.size();
  entries_.resize(std::max(kFew, 2 * before));
  buckets_.assign(entries_.size(), kNone);
  for (std::uint32_t id = 0; id < entries_.size(); ++id) {
    std::uint32_t& list = id < before ? bucket(entries_[id].hash) : free_;
    entries_[id].next = std::exchange(list, id);
  }
}

// ---- the tree ----

std::uint32_t WakeupTree::allocate(const SequenceStep& step) {
  ++in_use_;
  std::uint32_t node = free_;
  if (node == kNone) {
    nodes_.emplace_back();
    node = static_cast<std::uint32_t>(nodes_.size() - 1);
  } else {
    free_ = nodes_[node].next;
  }
  nodes_[node] = {steps_.take(step), kNone, kNone};
  return node;
}

void WakeupTree::release(std::uint32_t node) {
  steps_.give_back(nodes_[node].step);
  nodes_[node].next = std::exchange(free_, node);
  --in_use_;
}

bool WakeupTree::insert(std::uint32_t* first, std::span<const SequenceStep> sequence,
                        Manner manner) {
  bool copied = false;
  std::uint32_t parent = kNone;
  std::uint32_t last = kNone;
  std::uint32_t at = *first;
  while (at != kNone) {
    const WakeupStep& first_step = step(at);
    const std::uint32_t place = place_as_first(first_step.tid, outcomes_key(first_step.outcomes),
                                               first_step.footprint, sequence);
    if (place == kNotFirst) {
      last = at;
      at = nodes_[at].next;
      continue;
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
    if (sequence.empty()) return false;
    if (child(at) == kNone && manner != Manner::kJoining) return false;
    parent = at;
    last = kNone;
    at = child(at);
  }
  // All siblings here were passed: the rest is a new branch after them.
  for (const SequenceStep& step : sequence) {
    const std::uint32_t node = allocate(step);
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
  const std::uint32_t children = child(node);
  *first = nodes_[node].next;
  release(node);
  return children;
}

void WakeupTree::give_outcomes(std::uint32_t node, std::span<const StepOutcome> outcomes,
                               std::uint64_t key) {
  const WakeupStep before = step(node);
  const std::uint32_t now =
      steps_.take({before.tid, &before.footprint, outcomes, key, before.delays});
  steps_.give_back(std::exchange(nodes_[node].step, now));
}

void WakeupTree::drop_first(std::uint32_t* first) {
  const std::uint32_t node = *first;
  std::uint32_t below = child(node);
  if (below != kNone) {
    drop_first(&below);
    nodes_[node].child = below;
    if (below != kNone) return;
  }
  *first = nodes_[node].next;
  release(node);
}

void WakeupTree::free_list(std::uint32_t first) {
  while (first != kNone) {
    const std::uint32_t next = nodes_[first].next;
    free_list(child(first));
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
