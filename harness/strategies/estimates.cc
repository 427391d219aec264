// SPDX-License-Identifier: Apache-2.0
#include "strategies/estimates.h"

#include <algorithm>

namespace chicane::strategies {

Estimates::Lineage Estimates::child_of(Lineage parent, unsigned number) {
  std::uint64_t z = parent * 0x9e3779b97f4a7c15u + number + 1;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  return z ^ (z >> 31);
}

void Estimates::begin_run() {
  threads_.assign(1, Thread{});
  for (auto& [lineage, known] : known_) known.now.clear();
}

void Estimates::created(engine::ThreadId parent, engine::ThreadId child) {
  const engine::ThreadId most = std::max(parent, child);
  if (most >= threads_.size()) threads_.resize(most + 1);
  threads_[child].lineage = child_of(threads_[parent].lineage, threads_[parent].children++);
}

void Estimates::count(engine::ThreadId thread, Sort sort) {
  if (thread >= threads_.size()) threads_.resize(thread + 1);
  ++known_[threads_[thread].lineage].now[sort];
}

void Estimates::end_run() {
  ++runs_;
  for (const Thread& thread : threads_) {
    Known& known = known_[thread.lineage];
    ++known.runs;
    known.children = std::max(known.children, thread.children);
    for (const auto& [sort, count] : known.now) known.counts[sort] += count;
  }
}

std::uint64_t Estimates::total(engine::ThreadId thread, Sort sort) const {
  return thread < threads_.size() ? total(threads_[thread].lineage, sort) : 0;
}

std::uint64_t Estimates::total(Lineage lineage, Sort sort) const {
  const auto known = known_.find(lineage);
  if (known == known_.end() || known->second.runs == 0) return 0;
  const auto count = known->second.counts.find(sort);
  const unsigned runs = known->second.runs;
  std::uint64_t sum = count == known->second.counts.end() ? 0 : (count->second + runs / 2) / runs;
  for (unsigned i = 0; i < known->second.children; ++i) sum += total(child_of(lineage, i), sort);
  return sum;
}

}  // namespace chicane::strategies
