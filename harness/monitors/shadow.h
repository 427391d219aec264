// SPDX-License-Identifier: Apache-2.0
//
// Shadow memory: for every 8 bytes of the program's memory (a granule) a cell that says who
// accessed which of them. The address space is shadowed in chunks of 1 MiB that are mapped when
// first touched and found by a hash table, so any address has a place: with ASLR, with large
// address spaces and under `ulimit -v`, where a single huge mapping would be refused.
//
// A cell holds records, each an access by one thread in one segment to some of the 8 bytes. A
// record whose segment is not of this run is void (vector_clock.h), so a run begins without
// clearing.
//
// Thread safety: engine context.
// Invariants:
//   I1. In a cell, valid records come first; what follows the first void one is void.
//   I2. Four records fit. When there are more, all are in a list and the first slot links to it:
//   its
//       record is that of no thread (kLinkThread) and of no byte.
//   I3. The records stand in the order of their accesses, but for those that a later access of the
//       same thread has renewed, which stand last.
//   I4. A record with an empty mask stands for nothing and goes when its cell is next visited.
// Cost: 64 bytes for 8 touched bytes, in pages; finding a cell is about 1 ns.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chicane::monitors {

/// Kinds of accesses, as bits: 1 writes, 2 is atomic.
enum AccessKind : std::uint32_t {
  kPlainRead = 0,
  kPlainWrite = 1,
  kAtomicRead = 2,
  kAtomicWrite = 3
};

struct Record {
  static constexpr unsigned kSegmentBits = 40, kThreadBits = 16;
  static constexpr std::uint32_t kLinkThread = (1u << kThreadBits) - 1;
  static constexpr std::uint32_t kStepBits = 23;

  static std::uint64_t make_key(std::uint64_t segment, std::uint32_t thread) {
    return segment << 24 | std::uint64_t{thread} << 8;
  }

  static std::uint64_t make_about(std::uint64_t pc, std::uint32_t pc_high, AccessKind kind,
                                  std::uint32_t held, std::uint64_t step) {
    return (pc & 0xffff'ffff) | std::uint64_t{kind} << 32 | std::uint64_t{held} << 34 |
           std::uint64_t{pc_high} << 36 | step << 41;
  }

  unsigned mask() const { return key & 0xff; }
  std::uint32_t thread() const { return (key >> 8) & 0xffff; }
  std::uint64_t segment() const { return key >> 24; }
  std::uint32_t pc_low() const { return static_cast<std::uint32_t>(about); }
  std::uint32_t kind() const { return (about >> 32) & 3; }
  std::uint32_t held() const { return (about >> 34) & 3; }
  std::uint32_t pc_high() const { return (about >> 36) & 15; }
  bool raced() const { return ((about >> 40) & 1) != 0; }
  void set_raced() { about |= std::uint64_t{1} << 40; }
  std::uint32_t step() const { return static_cast<std::uint32_t>(about >> 41); }

  std::uint64_t key;    // segment, thread, mask of bytes
  std::uint64_t about;  // step, whether it raced with an earlier one, upper half (as an index) and
                        // lower half of the code address, locks held (at most 3), kind
};

/// The records of a granule that has more than four. In the run's arena.
struct RecordList {
  std::uint32_t count, capacity;
  Record* records;
};

struct alignas(64) Cell {
  static constexpr unsigned kInline = 4;
  Record slot[kInline];

  RecordList* list() const {
    return reinterpret_cast<RecordList*>(static_cast<std::uintptr_t>(slot[0].about));
  }
  void set_list(RecordList* list, std::uint64_t link_key) {
    slot[0] = {link_key, reinterpret_cast<std::uintptr_t>(list)};
  }
  bool is_list(std::uint64_t first_key) const {
    return slot[0].key >= first_key && slot[0].thread() == Record::kLinkThread;
  }
  void clear() { slot[0].key = slot[1].key = slot[2].key = slot[3].key = 0; }
};

/// Memory of the race monitor's, all 0, of which few pages will be touched. Where the system gives
/// none the process ends (engine/lack.h).
void* map_for_races(std::size_t size);

class Shadow {
 public:
  static constexpr unsigned kChunkBits = 20;
  static constexpr std::uint64_t kChunk = std::uint64_t{1} << kChunkBits;

  Shadow();
  ~Shadow();
  Shadow(const Shadow&) = delete;
  Shadow& operator=(const Shadow&) = delete;

  /// The cell of the granule at `address`. Where the system gives no memory for it the process ends
  /// (engine/lack.h).
  Cell* cell(std::uint64_t address) {
    const std::uint64_t key = (address >> kChunkBits) + 1;
    const Chunk& chunk = chunks_[key & last_];
    Cell* cells = chunk.key == key ? chunk.cells : find(key, true);
    return cells + ((address & (kChunk - 1)) >> 3);
  }

  /// The same; null when it takes more than a glance.
  Cell* cell_at_once(std::uint64_t address) {
    const std::uint64_t key = (address >> kChunkBits) + 1;
    const Chunk& chunk = chunks_[key & last_];
    if (chunk.key != key) [[unlikely]]
      return nullptr;
    Cell* const cell = chunk.cells + ((address & (kChunk - 1)) >> 3);
    if (cell == nullptr) __builtin_unreachable();
    return cell;
  }

  /// The same; null when nothing was ever recorded near `address`.
  Cell* existing_cell(std::uint64_t address) {
    Cell* cells = find((address >> kChunkBits) + 1, false);
    return cells == nullptr ? nullptr : cells + ((address & (kChunk - 1)) >> 3);
  }

  /// Voids `count` cells of one chunk, quickly.
  static void clear(Cell* first, std::size_t count);
  /// Voids everything.
  void clear_all();

 private:
  struct Chunk {
    std::uint64_t key;  // the chunk's number plus 1; 0: free
    Cell* cells;
  };
  static constexpr std::size_t kCells = kChunk / 8;

  Cell* find(std::uint64_t key, bool map);
  void grow();

  Chunk* chunks_ = nullptr;
  std::size_t last_ = 0;  // index of a chunk: the capacity is a power of 2
  std::size_t count_ = 0;
};

}  // namespace chicane::monitors
