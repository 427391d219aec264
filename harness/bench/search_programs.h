// SPDX-License-Identifier: Apache-2.0
//
// Reference programs of the search: how many schedules a strategy needs until it finds their bug is
// what is compared, here and with other tools. The bug is a failed assertion, or a deadlock.
//
// Thread safety: each is a whole program, to be run under the engine.
#pragma once

namespace chicane::bench {

/// N setters do a = 1; b = -1. A checker, created last, reads both and asserts that it saw (0, 0)
/// or (1, -1). From the benchmarks of SCTBench ("reorder").
void reorder_3();
void reorder_10();
void reorder_20();
/// The same on plain ints.
void plain_reorder_3();
void plain_reorder_10();
void plain_reorder_20();
/// Two threads take two locks in opposite orders.
void opposite_locks();
/// A value is published under one lock and its sequel under a second; a reader between the two sees
/// the one without the other.
void two_stages();
/// An owner takes from one end of a queue while thieves steal from the other; that the last element
/// may be wanted by both is checked by one of them only.
void work_stealing();
/// Two bank transfers, each atomic in its halves only.
void transfers();

// About a thousand operations long, with a mistake among them (shrink_bench.cc).
/// Each of four threads loads and stores a counter once.
void long_lost_update();
/// Four threads take two locks, two of them in the other order.
void long_opposite_locks();
/// Each of four threads increments a plain counter once.
void long_plain_race();
/// A stage of one thread is seen by a second, whose own stage is seen by a third.
void long_three_stages();
// These go wrong after some hundred changes between three threads: each needs a switch, so that the
// shortest witness is long, too.
/// An assertion, on atomics.
void many_turns();
/// A counter without a lock; the turns are counted under one.
void many_turns_then_a_race();
/// Two locks in two orders.
void many_turns_then_a_deadlock();
/// An assertion; the turns are those of two threads that fill a queue.
void many_turns_in_a_queue();

}  // namespace chicane::bench
