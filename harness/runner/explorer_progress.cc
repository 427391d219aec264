// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_progress.h"

#include <sys/mman.h>

#include <new>

#include "runner/numbers.h"

namespace chicane::runner {
SharedProgress* SharedProgress::create() {
  void* memory = mmap(nullptr, sizeof(SharedProgress), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : new (memory) SharedProgress;
}

void SharedProgress::destroy() { munmap(this, sizeof *this); }

void SharedProgress::tell(const engine::SearchStatistics& statistics) {
  // Odd while it is written; whoever died in the middle left it so.
  const std::uint64_t writing = version_.load(std::memory_order_relaxed) | 1;
  version_.store(writing, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  statistics_ = statistics;
  version_.store(writing + 1, std::memory_order_release);
}

bool SharedProgress::read(engine::SearchStatistics* to) const {
  const std::uint64_t before = version_.load(std::memory_order_acquire);
  *to = statistics_;
  std::atomic_thread_fence(std::memory_order_acquire);
  const std::uint64_t after = version_.load(std::memory_order_relaxed);
  return before != 0 && before % 2 == 0 && after == before;
}

std::string progress_text(std::uint64_t runs, std::uint64_t most,
                          const engine::SearchStatistics* statistics) {
  constexpr unsigned kDigits = 3;
  std::string text = with_commas(runs);
  if (most != 0) text += " of at most " + with_commas(most);
  text += " schedules";
  if (statistics == nullptr || statistics->executions == 0 || statistics->estimate == 0)
    return text;
  return text + "; " + with_commas(statistics->executions) + " of about " +
         roughly(statistics->estimate, kDigits) + " interleavings (+- " +
         roughly(statistics->estimate_error, kDigits) + ")";
}

}  // namespace chicane::runner
