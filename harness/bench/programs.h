// SPDX-License-Identifier: Apache-2.0
//
// The programs that the benchmarks run: ordinary std:: code, compiled with instrumentation.
// Thread safety: each may be run under the engine or on native threads.
#pragma once

namespace chicane::bench {

/// Three threads, three increments each, under one std::mutex.
void locked_counter_program();
/// Three threads, three std::atomic fetch_add each.
void atomic_counter_program();
/// `kPlainAccesses` instrumented plain accesses by one thread.
void plain_accesses_program();
inline constexpr int kPlainAccesses = 20000;
/// A pair of lock and unlock, `kLockPairs` times, by one thread.
void lock_pairs_program();
inline constexpr int kLockPairs = 2000;

}  // namespace chicane::bench
