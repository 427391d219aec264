// SPDX-License-Identifier: Apache-2.0
//
// Programs whose number of Mazurkiewicz traces is known: std::thread, std::mutex, std::atomic.
// Most are those of the literature on dynamic partial order reduction (Flanagan and Godefroid, POPL
// 2005: indexer, filesystem; Abdulla and others, POPL 2014: readers, lastzero), written from their
// definitions.
//
// Thread safety: each is a program of its own.
#pragma once

namespace chicane::tests {

/// `threads` add 1 to a counter `increments` times each, under one mutex.
void locked_increments(int threads, int increments);
/// One writer of x, `readers` that read it once.
void readers(int readers);
/// a[0..n] of zeros: one thread looks for the last zero from a[n] down, thread j does
/// a[j] = a[j-1] + 1.
void last_zero(int n);
/// `threads` insert four messages each in a hash table of 128 slots.
void indexer(int threads);
/// `threads` give a block to an inode, 32 inodes, 26 blocks.
void filesystem(int threads);
/// `threads` load x and store x + 1.
void lost_update(int threads);
/// x = 1, read y; y = 1, read x.
void store_buffering();

}  // namespace chicane::tests
