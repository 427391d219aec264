// SPDX-License-Identifier: Apache-2.0
//
// What ThreadSanitizer does not know: C++20 fences ([atomics.fences]). A release fence makes every
// later store of its thread publish what the thread knew *at the fence*; an acquire fence learns
// what the earlier loads of its thread have seen published. ThreadSanitizer can only publish what
// the running thread knows now, so such an edge is made by a fiber of ThreadSanitizer's that knows
// nothing of this run: it learns the one clock, publishes it, and has done nothing else.
//
// Thread safety: program thread.
// Invariants:
//   I1. No false alarm: every edge that C++ promises through a fence is there.
//   I2. No edge more than that for the first kCouriers such accesses of a run; a further one may
//   add
//       what an earlier one carried, and so hide a race, never invent one.
// Cost: a relaxed access to what nobody has published: a look into a table. A carried clock: two
// fiber switches of ThreadSanitizer's, about 1 microsecond.
#pragma once

namespace chicane::tsan {

inline constexpr unsigned kCouriers = 32;

/// Makes the couriers. Before the first run of the process.
void prepare_fences();
/// At the beginning of each run.
void begin_run_fences();
/// An atomic access of the running thread has taken effect; `order` is the compiler's number of
/// its memory order.
void note_atomic(const volatile void* address, int order, bool loads, bool stores);
/// `__tsan_atomic_thread_fence` was called.
void note_fence(int order);

}  // namespace chicane::tsan
