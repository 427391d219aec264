// SPDX-License-Identifier: Apache-2.0
//
// `lost-update` and `atomicity-violation`: what belongs together was interrupted, though each
// access by itself was synchronized. Looked for is the one interleaving of three accesses that no
// serial execution explains and that destroys something (case "R-W-W" of AVIO: Lu, Tucek, Qin,
// Zhou, "AVIO: Detecting Atomicity Violations via Access Interleaving Invariants", ASPLOS 2006;
// the idea of reducible blocks is Atomizer's: Flanagan and Freund, POPL 2004):
//
//     T: reads x == a  ...............................  T: writes x, without a look at x before
//                          U: writes x == b, b != a
//
//   - for plain data all three hold one common lock, T's two accesses in different critical
//     sections; for an atomic T's are a load and a store (a compare-exchange or another
//     read-modify-write looks at x itself);
//   - any access by T to x between U's write and T's is a re-validation: no finding; unless runs
//     prove that what T writes depends on its first look, and does not depend on the later one: a
//     swap (`second` in interruptions.h);
//   - at T's write x still differs from a.
//
// That alone is no mistake: T may write something that has nothing to do with what it read. So the
// second half is asked of other runs. The k-th time that thread T comes from this read to this
// write is the same moment of the same program in every run; only the schedule differs, and by it
// what T reads:
//
//   lost-update          what T writes depends on what it read: with another value read, another
//                        value written, by the same difference, or the same bits changed, or as a
//                        function seen at two points at least twice each. (Never one value read
//                        and two written, never two read and one written.) A pointer to another
//                        heap block stands for its contents (heap_contents.h), so that a changed
//                        copy in a box of its own is a function of the box that was copied.
//   atomicity-violation  whether T writes depends on what it read: after reading b here, no thread
//                        went on to write; T did so after reading a, over b, and changed it.
//
// Silent, therefore, about setters, flags that are set blindly, counters read for display,
// compare-exchange loops, double-checked locking with a second look, versions that are compared
// before the write, sequence locks.
//
// What proves the second half comes from many runs, and a witness is one run. So the places of a
// proven pair are noted as racy sites (engine/journal.h), with one address more that says what was
// proven: they travel with the witness, and their plain accesses are operations from then on.
//
// What runs prove together must survive them, also where each has a process of its own: it lives in
// the heap that is in use when the analysis is made (engine/shared_heap.h).
//
// Thread safety: engine context.
// Invariants:
//   I1. Nothing is reported of a pair that is not among the racy sites.
//   I2. A pair comes among them only when the interleaving and its proof were both seen.
// Cost: only in watched runs; about 100 ns per access.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "engine/shared_heap.h"
#include "monitors/interruptions.h"
#include "monitors/run_trace.h"

namespace chicane::monitors {

/// What is known of whether a write depends on the read before it.
class Dependence {
 public:
  /// Another run of the same moment: `read`, then `written`, as numbers of `size` bytes.
  void add(std::uint64_t read, std::uint64_t written, std::uint32_t size);
  bool proven() const;
  bool refuted() const { return refuted_; }

 private:
  struct Point {
    std::uint64_t read, written;
    unsigned seen;
  };
  engine::SharedVector<Point> points_;
  std::uint32_t size_ = 8;
  bool refuted_ = false;
};

/// The three accesses.
struct Interruption {
  const TraceEntry *read, *interrupts, *write;
  bool lost_update = false;  // else atomicity-violation
};

class AtomicityAnalysis final : public TraceAnalysis {
 public:
  /// `replays`: the runs replay a witness, whose racy sites were proven elsewhere.
  explicit AtomicityAnalysis(bool replays)
      : heap_(engine::SharedHeap::in_use_now()), replays_(replays) {}
  static void* operator new(std::size_t size) { return engine::SharedHeap::allocate(size); }
  static void operator delete(void* memory, std::size_t size) {
    engine::SharedHeap::deallocate(memory, size);
  }

  void judge(const RunTrace& trace, engine::RunEnd end, engine::Engine& engine) override;
  bool wants_more() const override;

  /// What `trace` shows that is proven (by earlier traces) and among the racy `sites`. `finished`:
  /// the run came to its end.
  std::vector<Interruption> find(const RunTrace& trace, bool finished,
                                 std::span<const std::uint64_t> sites);
  std::vector<std::uint64_t> take_new_sites() override {
    std::vector<std::uint64_t> sites(new_sites_.begin(), new_sites_.end());
    new_sites_.clear();
    return sites;
  }

 private:
  struct Pair {
    CodePlace read, write;
    bool looks_again;
    bool operator==(const Pair&) const = default;
  };
  struct PairHash {
    std::size_t operator()(const Pair& pair) const {
      return (pair.read.hash() * 31 + pair.write.hash()) * 2 + pair.looks_again;
    }
  };
  static Pair pair_of(const Moment& moment) {
    return {moment.read->place, moment.write->place, moment.second != nullptr};
  }
  /// What followed a read of one value at one place.
  struct Outcomes {
    unsigned written = 0, left = 0;
  };
  /// What is known of one moment.
  struct Known {
    Dependence on_read, on_second;
    bool left_alone = false;  // in some run nobody came between
  };

  /// Whether the moment may yet be proven.
  bool note_moment(const Moment& moment);
  void note_followed(const TraceEntry& read, bool written);
  bool judge_moment(const Moment& moment, std::span<const std::uint64_t> sites,
                    std::vector<Interruption>* found);
  static bool is_ordered(const RunTrace& trace, const Moment& moment);
  /// Whether T acted on a value for which it does not act.
  bool contradicts(const Moment& moment) const;
  void propose(const Pair& pair, bool lost_update);
  static std::uint64_t mark_of(const Pair& pair, bool lost_update);
  static bool is_listed(const Pair& pair, bool lost_update, std::span<const std::uint64_t> sites);

  // More runs than these are not watched for a proof that does not come.
  static constexpr unsigned kPatience = 400;
  template <typename Value>
  using Map = std::unordered_map<std::uint64_t, Value, std::hash<std::uint64_t>, std::equal_to<>,
                                 engine::SharedAllocator<std::pair<const std::uint64_t, Value>>>;
  using Pairs = std::unordered_set<Pair, PairHash, std::equal_to<>, engine::SharedAllocator<Pair>>;
  engine::SharedHeap* heap_;  // that all of this is in
  bool replays_;
  unsigned runs_ = 0;
  Map<unsigned> count_;     // of this run: moments so far
  Map<Known> moments_;      // by thread, pair, and how many-th
  Map<Outcomes> followed_;  // by place and value
  Pairs dependent_;         // of which a moment is proven
  Pairs open_;              // interrupted, and not proven
  Pairs proposed_, reported_;
  engine::SharedVector<std::uint64_t> new_sites_;
};

}  // namespace chicane::monitors
