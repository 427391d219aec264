// SPDX-License-Identifier: Apache-2.0
//
// How a trace numbers objects and threads, and how it forgets those of steps that are taken back.
#include <algorithm>

#include "strategies/mix.h"
#include "strategies/trace.h"

namespace chicane::strategies {
namespace {

using engine::Thread;

constexpr std::uint32_t kFewObjects = 64;

template <typename T>
void cut(engine::SharedVector<T>& vector, std::size_t size) {
  vector.erase(vector.begin() + static_cast<std::ptrdiff_t>(size), vector.end());
}

}  // namespace

// ---- objects ----

std::uint32_t Trace::last_entry(ObjectKey object) const {
  if (table_.empty()) return kNone;
  for (std::size_t slot = mix(object);; ++slot) {
    const std::uint32_t found = table_[slot & (table_.size() - 1)];
    if (found == 0) return kNone;
    if (objects_[found - 1].key == object) return objects_[found - 1].last;
  }
}

std::uint32_t Trace::find_object(ObjectKey key) {
  if ((objects_.size() + 1) * 2 > table_.size()) grow_objects();
  for (std::size_t slot = mix(key);; ++slot) {
    std::uint32_t& found = table_[slot & (table_.size() - 1)];
    if (found != 0 && objects_[found - 1].key != key) continue;
    if (found == 0) {
      objects_.push_back({key, kNone});
      found = static_cast<std::uint32_t>(objects_.size());
    }
    return found - 1;
  }
}

// Objects without an entry are forgotten here: those of runs long past do not pile up.
void Trace::grow_objects() {
  last_key_ = 0;
  engine::SharedVector<std::uint32_t> renumbered(objects_.size(), 0);
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i < objects_.size(); ++i) {
    if (objects_[i].last == kNone) continue;
    renumbered[i] = kept;
    objects_[kept++] = objects_[i];
  }
  for (TraceEntry& entry : entries_) entry.object = renumbered[entry.object];
  cut(objects_, kept);
  std::size_t size = kFewObjects;
  while (size < kept * std::size_t{4}) size *= 2;
  table_.assign(size, 0);
  for (std::uint32_t i = 0; i < kept; ++i) {
    std::size_t slot = mix(objects_[i].key);
    while (table_[slot & (size - 1)] != 0) ++slot;
    table_[slot & (size - 1)] = i + 1;
  }
}

// ---- threads ----

void Trace::widen(std::uint32_t threads) {
  if (threads <= stride_) return;
  const std::uint32_t wide =
      threads <= kBlock ? kBlock : (threads * 2 + kBlock - 1) / kBlock * kBlock;
  engine::SharedVector<Count> clocks(steps_.size() * wide, 0);
  for (std::uint32_t i = 0; i < size(); ++i) {
    std::copy_n(clock(i), stride_, clocks.data() + std::size_t{i} * wide);
  }
  clocks_ = std::move(clocks);
  stride_ = wide;
}

void Trace::widen_enabled(std::uint32_t threads) {
  if (threads <= words_ * 64) return;
  const std::uint32_t wide = threads <= 64 ? 1 : 2 * ((threads + 63) / 64);
  engine::SharedVector<std::uint64_t> enabled(steps_.size() * 2 * wide, 0);
  for (std::uint32_t i = 0; i < size(); ++i) {
    std::uint64_t* to = enabled.data() + std::size_t{i} * 2 * wide;
    std::copy_n(enabled_at(i), words_, to);
    std::copy_n(enabled_at(i) + words_, words_, to + wide);
  }
  enabled_ = std::move(enabled);
  words_ = wide;
}

void Trace::learn_threads(std::size_t count) {
  const auto threads = engine::Engine::instance().threads();
  while (tids_.size() < count) learn_thread(*threads[tids_.size()]);
}

void Trace::learn_thread(const Thread& thread) {
  const bool main = thread.parent() == engine::kNoThread;
  const Tid parent = main ? kNone : tids_[thread.parent()];
  const std::uint32_t ordinal = main ? 0 : children_[parent]++;
  Tid tid = 0;
  while (tid < known_.size() && (known_[tid].parent != parent || known_[tid].ordinal != ordinal)) {
    ++tid;
  }
  if (tid == known_.size()) {
    known_.push_back({parent, ordinal});
    children_.push_back(0);
    last_of_.push_back(kNone);
    ids_.push_back(0);
    widen(tid + 1);
  }
  ids_[tid] = static_cast<engine::ThreadId>(tids_.size());
  tids_.push_back(tid);
  widen_enabled(static_cast<std::uint32_t>(tids_.size()));
}

Tid Trace::number_in(const Trace& other, Tid tid) const {
  Child child = known_[tid];
  const bool main = child.parent == kNone;
  if (!main) child.parent = number_in(other, child.parent);
  if (!main && child.parent == kNone) return kNone;
  for (Tid t = 0; t < other.known_.size(); ++t) {
    const Child& its = other.known_[t];
    if (its.parent == child.parent && its.ordinal == child.ordinal) return t;
  }
  return kNone;
}

void Trace::truncate(std::uint32_t steps) {
  if (steps < size()) {
    for (std::size_t i = entries_.size(); i-- > steps_[steps].first_entry;) {
      objects_[entries_[i].object].last = entries_[i].before;
    }
    cut(entries_, steps_[steps].first_entry);
    cut(outcomes_, steps_[steps].first_outcome);
    for (std::uint32_t i = size(); i-- > steps;) last_of_[steps_[i].tid] = steps_[i].previous;
    for (std::size_t id = tids_.size(); id-- > steps_[steps].threads;) {
      const Child& child = known_[tids_[id]];
      if (child.parent != kNone) --children_[child.parent];
    }
    cut(tids_, steps_[steps].threads);
    while (!unsettled_.empty() && unsettled_.back() >= steps) unsettled_.pop_back();
    while (!loud_.empty() && loud_.back() >= steps) loud_.pop_back();
    while (!reasons_.empty() && reasons_.back().step >= steps) reasons_.pop_back();
    while (!delays_.empty() && delays_.back().step >= steps) delays_.pop_back();
    while (!told_.empty() && told_.back().step >= steps) told_.pop_back();
    while (!delayed_.empty() && delayed_.back().step >= steps) delayed_.pop_back();
    if (surprise_ >= steps) surprise_ = kNone;
    if (first_round_ >= steps) first_round_ = kNone;
    size_ = steps;
  }
  waiting_.clear();
  running_ = nullptr;
}

}  // namespace chicane::strategies
