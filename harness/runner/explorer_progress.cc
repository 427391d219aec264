// SPDX-License-Identifier: Apache-2.0
#include "runner/explorer_progress.h"

#include <sys/mman.h>

#include <cmath>
#include <new>

namespace chicane::runner {
namespace {

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

/// With three digits that count: what is not known better is not told.
std::string roughly(double number) {
  constexpr double kTooMany = 1e15;
  if (number >= kTooMany) return "10^" + std::to_string(std::lround(std::log10(number)));
  double unit = 1;
  while (number / unit >= 1000) unit *= 10;
  return with_commas(static_cast<std::uint64_t>(std::round(number / unit) * unit));
}

}  // namespace

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
  std::string text = with_commas(runs);
  if (most != 0) text += " of at most " + with_commas(most);
  text += " schedules";
  if (statistics == nullptr || statistics->executions == 0) return text;
  return text + "; " + with_commas(statistics->executions) + " of about " +
         roughly(statistics->estimate) + " interleavings (+- " +
         roughly(statistics->estimate_error) + ")";
}

}  // namespace chicane::runner
