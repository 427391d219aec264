// SPDX-License-Identifier: Apache-2.0
//
// As absl/synchronization/mutex.h here: what waits for absl::call_once, so that its atomics are
// seen.
#pragma once

#include <absl/base/config.h>
#include_next <absl/base/internal/spinlock_wait.h>

#if defined(ABSL_LTS_RELEASE_VERSION) && ABSL_LTS_RELEASE_VERSION == 20220623

#include <atomic>

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace base_internal {

__attribute__((weak)) std::uint32_t SpinLockWait(std::atomic<std::uint32_t>* word, int count,
                                                 const SpinLockWaitTransition transitions[],
                                                 SchedulingMode mode) {
  for (int rounds = 0;;) {
    std::uint32_t value = word->load(std::memory_order_acquire);
    const SpinLockWaitTransition* next = transitions;
    while (next != transitions + count && next->from != value) ++next;
    if (next == transitions + count) {
      SpinLockDelay(word, value, ++rounds, mode);
    } else if (next->to == value ||
               word->compare_exchange_strong(value, next->to, std::memory_order_acquire,
                                             std::memory_order_relaxed)) {
      if (next->done) return value;
    }
  }
}

}  // namespace base_internal
ABSL_NAMESPACE_END
}  // namespace absl

#endif
