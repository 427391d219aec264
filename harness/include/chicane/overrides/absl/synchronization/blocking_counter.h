// SPDX-License-Identifier: Apache-2.0
//
// As mutex.h beside it: the members of BlockingCounter in terms of Mutex and its own counter, whose
// atomics are seen here.
#pragma once

#include_next <absl/synchronization/blocking_counter.h>
#include <absl/synchronization/mutex.h>

#if defined(ABSL_LTS_RELEASE_VERSION) && ABSL_LTS_RELEASE_VERSION == 20220623

namespace absl {
ABSL_NAMESPACE_BEGIN

__attribute__((weak)) bool BlockingCounter::DecrementCount() {
  if (count_.fetch_sub(1, std::memory_order_acq_rel) != 1) return false;
  const MutexLock lock(&lock_);
  done_ = true;
  return true;
}

__attribute__((weak)) void BlockingCounter::Wait() {
  const MutexLock lock(&lock_);
  ++num_waiting_;
  lock_.Await(Condition(&done_));
}

ABSL_NAMESPACE_END
}  // namespace absl

#endif
