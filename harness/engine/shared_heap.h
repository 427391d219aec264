// SPDX-License-Identifier: Apache-2.0
//
// Memory that survives the processes that write it: a heap in pages shared between a parent and the
// children it forks one after the other, at one address in all of them. A strategy lives in one, so
// that what it has learned is still there when a run has ended its process by a signal.
//
//     class Learner : public Strategy {        // Strategy's operator new takes from the heap in
//     use
//       SharedVector<int> seen_;               // and so must every container that a run changes
//     };
//
// Thread safety: one process at a time; within it, one thread.
// Invariants:
//   I1. Memory comes from the heap in use (the process's own when there is none), and goes back to
//       where it came from.
//   I2. Whatever moment a process dies at, outside of allocate and deallocate, the heap is sound.
// Cost: about 3 ns; rounds sizes up to a power of two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

namespace chicane::engine {

class SharedHeap {
 public:
  /// Maps address space, which is committed as it is used. Null when the system refuses.
  static SharedHeap* create();
  /// Unmaps it, with all that is in it.
  void destroy();
  /// From which memory is taken from now on; null: the process's own. Returns what was in use.
  static SharedHeap* use(SharedHeap* heap);
  static SharedHeap* in_use_now() { return current_; }

  /// From the heap in use.
  static void* allocate(std::size_t size);
  static void deallocate(void* memory, std::size_t size);
  /// Bytes given out and not given back.
  std::size_t in_use() const { return in_use_; }

 private:
  static constexpr unsigned kClasses = 48;
  struct Free {
    Free* next;
  };
  bool has(const void* memory) const;
  void* take(std::size_t size);
  void give_back(void* memory, std::size_t size);

  static inline SharedHeap* current_ = nullptr;
  std::size_t size_ = 0;
  std::size_t top_ = 0;
  std::size_t in_use_ = 0;
  SharedHeap* next_ = nullptr;  // of the heaps of this process
  Free* free_[kClasses] = {};
};

/// For containers whose content survives.
template <typename T>
struct SharedAllocator {
  using value_type = T;
  SharedAllocator() = default;
  template <typename U>
  SharedAllocator(const SharedAllocator<U>&) {}  // NOLINT: as every allocator's
  T* allocate(std::size_t count) { return static_cast<T*>(SharedHeap::allocate(count * kSize)); }
  void deallocate(T* memory, std::size_t count) { SharedHeap::deallocate(memory, count * kSize); }
  friend bool operator==(const SharedAllocator&, const SharedAllocator&) { return true; }

 private:
  // NOLINTNEXTLINE(bugprone-sizeof-expression): T may be a pointer
  static constexpr std::size_t kSize = sizeof(T);
};

template <typename T>
using SharedVector = std::vector<T, SharedAllocator<T>>;

}  // namespace chicane::engine
