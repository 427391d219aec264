// SPDX-License-Identifier: Apache-2.0
//
// What the running thread has written since its last operation took effect, by plain writes of
// instrumented code: the first write to a place, with what was there before. Who asks whether a
// thread has changed anything (a search that lets go of threads that only wait) empties it before a
// step and looks behind it.
//
// Thread safety: program thread; engine context between two steps.
// Cost: two instructions a write while nobody asks, else some ns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chicane::engine {

struct PlainWrite {
  std::uintptr_t address;
  std::uint32_t size;    // at most 8
  std::uint64_t before;  // what was there
};

class PlainWrites {
 public:
  static constexpr std::size_t kMost = 64;
  /// There is somebody who tells of writes.
  bool begin_telling() { return none_ = 0, true; }
  /// From here on, empty; but where nobody tells of writes, there may have been any.
  void clear() { count_ = none_; }
  /// Before the write. Nothing is noted until somebody has called `clear`.
  void note(const void* address, std::size_t size) {
    if (count_ <= kMost) [[unlikely]]
      add(address, size);
  }
  /// Whether there were more than could be noted.
  bool more() const { return count_ > kMost; }
  bool empty() const { return count_ == 0; }
  std::size_t size() const { return count_ < kMost ? count_ : kMost; }
  const PlainWrite& operator[](std::size_t i) const { return writes_[i]; }

 private:
  void add(const void* address, std::size_t size);
  std::size_t none_ = kMost + 1, count_ = kMost + 1;  // which is: too many
  PlainWrite writes_[kMost];
};

inline PlainWrites g_plain_writes;

}  // namespace chicane::engine
