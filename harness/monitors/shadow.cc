// SPDX-License-Identifier: Apache-2.0
#include "monitors/shadow.h"

#include <sys/mman.h>

#include "engine/lack.h"

namespace chicane::monitors {
namespace {

constexpr std::size_t kFirstCapacity = 4096;
constexpr std::uintptr_t kPage = 4096;
// From here on giving pages back is cheaper than writing to each of their cells.
constexpr std::size_t kManyCells = 2048;

}  // namespace

void* map_for_races(std::size_t size) {
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) {
    // Not to watch some of the program's memory would be to miss its races in silence.
    engine::lack("memory for the race monitor: is the address space limited (ulimit -v)?");
  }
  // Few of its pages are touched, and every forked child touches them anew.
  madvise(memory, size, MADV_NOHUGEPAGE);
  return memory;
}

Shadow::Shadow() {
  chunks_ = static_cast<Chunk*>(map_for_races(kFirstCapacity * sizeof(Chunk)));
  last_ = kFirstCapacity - 1;
}

Shadow::~Shadow() {
  for (std::size_t i = 0; i <= last_; ++i) {
    if (chunks_[i].cells != nullptr) munmap(chunks_[i].cells, kCells * sizeof(Cell));
  }
  munmap(chunks_, (last_ + 1) * sizeof(Chunk));
}

Cell* Shadow::find(std::uint64_t key, bool map_it) {
  std::size_t index = key & last_;
  for (; chunks_[index].key != 0; index = (index + 1) & last_) {
    if (chunks_[index].key == key) return chunks_[index].cells;
  }
  if (!map_it) return nullptr;
  if (count_ > last_ / 2) grow();
  index = key & last_;
  while (chunks_[index].key != 0) index = (index + 1) & last_;
  auto* cells = static_cast<Cell*>(map_for_races(kCells * sizeof(Cell)));
  chunks_[index] = {key, cells};
  ++count_;
  return cells;
}

void Shadow::grow() {
  const std::size_t capacity = (last_ + 1) * 2;
  auto* larger = static_cast<Chunk*>(map_for_races(capacity * sizeof(Chunk)));
  for (std::size_t i = 0; i <= last_; ++i) {
    if (chunks_[i].key == 0) continue;
    std::size_t index = chunks_[i].key & (capacity - 1);
    while (larger[index].key != 0) index = (index + 1) & (capacity - 1);
    larger[index] = chunks_[i];
  }
  munmap(chunks_, (last_ + 1) * sizeof(Chunk));
  chunks_ = larger;
  last_ = capacity - 1;
}

void Shadow::clear(Cell* first, std::size_t count) {
  Cell* end = first + count;
  if (count >= kManyCells) {
    const auto from = (reinterpret_cast<std::uintptr_t>(first) + kPage - 1) & ~(kPage - 1);
    const auto to = reinterpret_cast<std::uintptr_t>(end) & ~(kPage - 1);
    auto* middle = reinterpret_cast<Cell*>(from);
    if (madvise(middle, to - from, MADV_DONTNEED) == 0) {
      for (; first != middle; ++first) first->clear();
      first = reinterpret_cast<Cell*>(to);
    }
  }
  for (; first != end; ++first) first->clear();
}

void Shadow::clear_all() {
  for (std::size_t i = 0; i <= last_; ++i) {
    if (chunks_[i].cells != nullptr) {
      madvise(chunks_[i].cells, kCells * sizeof(Cell), MADV_DONTNEED);
    }
  }
}

}  // namespace chicane::monitors
