// SPDX-License-Identifier: Apache-2.0
#include "engine/shared_heap.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

namespace chicane::engine {
namespace {

constexpr std::size_t kLargest = std::size_t{1} << 36;
constexpr std::size_t kSmallest = std::size_t{1} << 28;
constexpr std::size_t kLeast = 16;  // bytes of a block: the alignment that new promises

// The heaps of this process: a child inherits the list, and uses one of them.
SharedHeap* g_heaps = nullptr;

std::size_t round_up(std::size_t size) { return std::bit_ceil(std::max(size, kLeast)); }

}  // namespace

SharedHeap* SharedHeap::create() {
  for (std::size_t size = kLargest; size >= kSmallest; size /= 2) {
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) continue;
    auto* heap = new (memory) SharedHeap;
    heap->size_ = size;
    heap->top_ = round_up(sizeof(SharedHeap));
    heap->next_ = g_heaps;
    return g_heaps = heap;
  }
  return nullptr;
}

void SharedHeap::destroy() {
  SharedHeap** link = &g_heaps;
  while (*link != this) link = &(*link)->next_;
  *link = next_;
  if (current_ == this) current_ = nullptr;
  munmap(this, size_);
}

SharedHeap* SharedHeap::use(SharedHeap* heap) {
  SharedHeap* before = current_;
  current_ = heap;
  return before;
}

void* SharedHeap::allocate(std::size_t size) {
  return current_ != nullptr ? current_->take(size) : ::operator new(size);
}

void SharedHeap::deallocate(void* memory, std::size_t size) {
  if (memory == nullptr) return;
  for (SharedHeap* heap = g_heaps; heap != nullptr; heap = heap->next_) {
    if (heap->has(memory)) return heap->give_back(memory, size);
  }
  ::operator delete(memory);
}

bool SharedHeap::has(const void* memory) const {
  const auto* base = reinterpret_cast<const char*>(this);
  return memory >= base && memory < base + size_;
}

void* SharedHeap::take(std::size_t size) {
  size = round_up(size);
  Free*& list = free_[std::countr_zero(size)];
  in_use_ += size;
  if (list != nullptr) {
    Free* block = list;
    list = block->next;
    return block;
  }
  if (size > size_ - top_) throw std::bad_alloc();
  void* block = reinterpret_cast<char*>(this) + top_;
  top_ += size;
  return block;
}

void SharedHeap::give_back(void* memory, std::size_t size) {
  size = round_up(size);
  Free*& list = free_[std::countr_zero(size)];
  list = new (memory) Free{list};
  in_use_ -= size;
}

}  // namespace chicane::engine
