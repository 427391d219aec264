// SPDX-License-Identifier: Apache-2.0
#include "monitors/concerned.h"

#include <algorithm>

namespace chicane::monitors {

void Concerned::begin(std::span<const std::uint64_t> sites) {
  sites_.assign(sites.begin(), sites.end());
  std::sort(sites_.begin(), sites_.end());
  words_.reset();
  memory_.release();
  words_.emplace(&memory_);
  order_ = false;
}

bool Concerned::has(std::uint64_t first, std::uint64_t last) const {
  if (last - first >= words_->size()) {
    return std::any_of(words_->begin(), words_->end(),
                       [&](std::uint64_t word) { return first <= word && word <= last; });
  }
  for (std::uint64_t word = first; word <= last; ++word) {
    if (words_->contains(word)) return true;
  }
  return false;
}

bool Concerned::access(TraceEntry::What what, std::uint64_t address, std::size_t size,
                       std::uint64_t site) {
  if (size == 0) return false;
  const std::uint64_t first = address / kWord, last = (address + size - 1) / kWord;
  const bool looks = what == TraceEntry::kRead || what == TraceEntry::kAtomicLoad;
  if (looks && size <= kWord && std::binary_search(sites_.begin(), sites_.end(), site)) {
    words_->insert(first);
    words_->insert(last);
    return true;
  }
  return !words_->empty() && has(first, last);
}

bool Concerned::forget_lock(RunTrace* trace, engine::ThreadId thread, std::uint64_t lock) const {
  if (any()) return false;
  const auto its = [&](const TraceEntry& entry) {
    return entry.thread == thread && entry.address == lock &&
           (entry.what == TraceEntry::kLock || entry.what == TraceEntry::kReadLock);
  };
  auto& entries = trace->entries;
  const auto last = std::find_if(entries.rbegin(), entries.rend(), its);
  if (last == entries.rend()) return false;
  entries.erase(last.base() - 1);
  return true;
}

}  // namespace chicane::monitors
