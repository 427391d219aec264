// SPDX-License-Identifier: Apache-2.0
//
// Vector clocks, and the arena that they live in. A clock tells, for each thread, the last
// *segment* of that thread that happens before now. A segment is the part of a thread's execution
// between two releases; segments are numbered across all threads and all runs by one counter that
// only grows. So what an earlier run left behind has a number below every number of this run, and
// beginning a run clears nothing.
//
// Thread safety: engine context.
// Invariants:
//   I1. A component that a clock does not store is 0: nothing of that thread is known.
//   I2. `reset` of the arena voids every clock made in it; their owners know by the run's number.
//   I3. A clock's length is a multiple of kBlock: what is beyond the known threads is 0.
//   I4. The arena's memory is kept from run to run: after the first run nothing asks the system.
// Cost: a join is a loop over the threads of the other clock, four at a time; no allocator, no
// lock.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "engine/lack.h"

namespace chicane::monitors {

using Segment = std::uint64_t;

/// Memory without destructors, for one run.
class Arena {
 public:
  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() {
    for (std::size_t i = 0; i < count_; ++i) munmap(blocks_[i], kBlock);
  }

  /// `size` bytes (at most kBlock), aligned to 16, not cleared.
  void* allocate(std::size_t size) {
    size = (size + 15) & ~std::size_t{15};
    if (static_cast<std::size_t>(end_ - next_) < size) [[unlikely]]
      next_block(size);
    char* result = next_;
    next_ += size;
    return result;
  }

  void reset() {
    used_ = 0;
    next_ = end_ = nullptr;
    if (count_ != 0) next_block(0);
  }

  static constexpr std::size_t kBlock = std::size_t{4} << 20;

 private:
  [[gnu::noinline]] void next_block(std::size_t size) {
    if (used_ == count_ || size > kBlock) {
      void* block = count_ == blocks_.size() || size > kBlock
                        ? MAP_FAILED
                        : mmap(nullptr, kBlock, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (block == MAP_FAILED) {
        engine::lack(
            "memory for vector clocks: use fewer threads or steps, or allow the process more");
      }
      madvise(block, kBlock, MADV_NOHUGEPAGE);
      blocks_[count_++] = static_cast<char*>(block);
    }
    next_ = blocks_[used_++];
    end_ = next_ + kBlock;
  }

  char* next_ = nullptr;
  char* end_ = nullptr;
  std::size_t used_ = 0, count_ = 0;
  std::array<char*, 4096> blocks_{};
};

/// Plain data: copying one copies a reference to its components.
class VectorClock {
 public:
  bool empty() const { return length_ == 0; }
  Segment get(std::uint32_t thread) const { return thread < length_ ? at_[thread] : 0; }

  void set(Arena& arena, std::uint32_t thread, Segment segment) {
    if (thread >= length_) extend(arena, thread + 1);
    at_[thread] = segment;
  }

  /// As `set`, for a thread that has a component already.
  void advance(std::uint32_t thread, Segment segment) { at_[thread] = segment; }

  /// Adds what `other` knows.
  void join(Arena& arena, const VectorClock& other) {
    if (other.length_ > length_) extend(arena, other.length_);
    Segment* to = at_;
    const Segment* const end = other.at_ + other.length_;
    for (const Segment* from = other.at_; from != end; from += kBlock, to += kBlock) {
      to[0] = std::max(to[0], from[0]);
      to[1] = std::max(to[1], from[1]);
      to[2] = std::max(to[2], from[2]);
      to[3] = std::max(to[3], from[3]);
    }
  }

  /// Adds what `other` knows to both.
  void share(Arena& arena, VectorClock& other) {
    if (other.length_ != length_) [[unlikely]] {
      join(arena, other);
      return other.assign(arena, *this);
    }
    Segment* to = at_;
    const Segment* const end = other.at_ + other.length_;
    for (Segment* from = other.at_; from != end; from += kBlock, to += kBlock) {
      to[0] = from[0] = std::max(to[0], from[0]);
      to[1] = from[1] = std::max(to[1], from[1]);
      to[2] = from[2] = std::max(to[2], from[2]);
      to[3] = from[3] = std::max(to[3], from[3]);
    }
  }

  bool is_one_block() const { return length_ == kBlock; }
  /// As `share`, where both are one block.
  [[gnu::always_inline]] void share_block(VectorClock& other) {
    for (unsigned i = 0; i < kBlock; ++i) at_[i] = other.at_[i] = std::max(at_[i], other.at_[i]);
  }

  /// Knows what `other` knows and nothing else.
  void assign(Arena& arena, const VectorClock& other) {
    if (other.length_ > capacity_) {
      length_ = 0;
      reserve(arena, other.length_);
    }
    length_ = other.length_;
    // One by one: a wider load would have to wait until what `join` stored just now has left the
    // store buffer.
    Segment* to = at_;
    const Segment* const end = other.at_ + other.length_;
    for (const Segment* from = other.at_; from != end; from += kBlock, to += kBlock) {
      Segment a = from[0], b = from[1], c = from[2], d = from[3];
      asm("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
      to[0] = a;
      to[1] = b;
      to[2] = c;
      to[3] = d;
    }
  }

  void clear() { length_ = 0; }
  static constexpr std::uint32_t kBlock = 4;
  /// Begins anew, knowing nothing, with room for the first threads that is not the arena's.
  void begin(Segment (&room)[kBlock]) {
    at_ = room;
    length_ = 0;
    capacity_ = kBlock;
  }
  /// Forgets its memory too: for a clock of an earlier run.
  void drop() { *this = VectorClock(); }

 private:
  void extend(Arena& arena, std::uint32_t length) {
    length = (length + kBlock - 1) & ~(kBlock - 1);
    if (length > capacity_) reserve(arena, length);
    for (std::uint32_t i = length_; i < length; i += kBlock) {
      at_[i] = at_[i + 1] = at_[i + 2] = at_[i + 3] = 0;
    }
    length_ = length;
  }

  [[gnu::noinline]] void reserve(Arena& arena, std::uint32_t length) {
    const std::uint32_t capacity = std::max<std::uint32_t>({kBlock, capacity_ * 2, length});
    auto* larger = static_cast<Segment*>(arena.allocate(capacity * sizeof(Segment)));
    if (length_ != 0) std::memcpy(larger, at_, length_ * sizeof(Segment));
    at_ = larger;
    capacity_ = capacity;
  }

  Segment* at_ = nullptr;
  std::uint32_t length_ = 0, capacity_ = 0;
};

}  // namespace chicane::monitors
